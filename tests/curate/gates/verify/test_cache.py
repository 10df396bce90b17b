"""What is kept of the task's own function."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.gates.verify.cache import CheckCache
from distill.errors import UsageError
from distill.sandbox.process import CheckResult

SCORED, LOST = CheckResult(0.5, "half", ""), CheckResult(None, "", "no answer within 2 s")


def test_a_verdict_is_found_again_whatever_the_limits(tmp_path: Path) -> None:
    with CheckCache(tmp_path / "a" / "checks.db", limits="2 s") as kept:
        kept.keep([(b"1", SCORED), (b"2", LOST)])
        assert kept.find([b"1", b"2", b"3"]) == {b"1": SCORED, b"2": LOST}
    with CheckCache(tmp_path / "a" / "checks.db", limits="3 s") as kept:
        assert kept.find([b"1", b"2"]) == {b"1": SCORED}


def test_what_came_to_no_score_is_tried_again_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "checks.db"
    with CheckCache(path, limits="2 s") as kept:
        kept.keep([(b"1", SCORED), (b"2", LOST)])
    code = (
        "import sys; from pathlib import Path; from distill.curate.gates.verify.cache import CheckCache\n"
        f"with CheckCache(Path({str(path)!r}), limits='2 s') as kept: print(list(kept.find([b'1', b'2'])))"
    )
    root = str(Path(__file__).parents[4])
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[b'1']\n"


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "checks.db"
    path.write_bytes(b"no database" * 1000)
    with CheckCache(path, limits="") as kept:
        assert kept.find([b"1"]) == {}
        kept.keep([(b"1", SCORED)])
        assert kept.find([b"1"]) == {b"1": SCORED}


def test_a_file_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "checks.db").mkdir()
    with pytest.raises(UsageError, match=r"checks.db: unable to open database file; make room"):
        CheckCache(tmp_path / "checks.db", limits="")


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.binary(min_size=1, max_size=3), st.floats(0, 1), max_size=600))
def test_any_number_of_verdicts_comes_back(tmp_path_factory, scores: dict[bytes, float]) -> None:
    with CheckCache(tmp_path_factory.mktemp("v") / "checks.db", limits="") as kept:
        wanted = {key: CheckResult(score) for key, score in scores.items()}
        kept.keep(wanted.items())
        assert kept.find(list(wanted)) == wanted
