"""How two runs are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.lifecycle.run_pair import pair_of
from distill.rundir import RunDir


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".distill").mkdir()
    for task, number in (("other", 1), ("mood", 1), ("mood", 2), ("mood", 4)):
        run = RunDir(tmp_path, task, number)
        run.path.mkdir(parents=True)
        run.note(teacher="m")
    return tmp_path


@pytest.mark.parametrize(
    ("names", "pair"),
    [
        (("001", "002"), (1, 2)),
        (("4", "1"), (4, 1)),
        (("mood/001", "mood/004"), (1, 4)),
        (("001", "mood/002"), (1, 2)),
        (("mood/002",), (1, 2)),
        (("mood",), (2, 4)),
        ((), (2, 4)),
        (("4",), (2, 4)),
    ],
)
def test_names(project: Path, names: tuple[str, ...], pair: tuple[int, int]) -> None:
    a, b = pair_of(names, project)
    assert (a.task, b.task, (a.number, b.number)) == ("mood", "mood", pair)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("001", "003"), "mood has no run 003; there are 001, 002, 004"),
        (("mood/001",), "mood/001 is the first run of mood"),
        (("mood/001", "other/001"), "are of two tasks"),
        (("a", "b", "c"), "3 runs, expected two"),
        (("nothing",), "no run 'nothing'"),
    ],
)
def test_what_names_no_two_runs(project: Path, names: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        pair_of(names, project)
