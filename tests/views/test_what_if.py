"""What other settings would make of the answers that are here."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from distill.cli.text.run import what_if_lines
from distill.errors import SpecError, UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.views import what_if


def run(task: Path, *sets: str) -> Path:
    task = open_task(task, overrides=sets, env={})
    return running.start(task, stages=ORDER[:2], watch=Silent()).folder


def test_it_says_what_curate_would_then_do_and_does_nothing(task: Path) -> None:
    """The rows that it says would leave are those that are gone when the setting is changed for real; the run is untouched."""
    folder = run(task)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    found = what_if.what_if(task, ["length.min_chars=17", "dataset.accept=30"], overrides=[], env={})
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    kept = set(pl.read_parquet(folder / "samples.parquet").filter(pl.col("fate") != "dropped")["seed_id"])
    run(task, "gates=[schema, finish_reason, refusal, {length: {min_chars: 17}}, secrets]", "dataset.accept=30")
    changed = pl.read_parquet(folder / "samples.parquet")
    now = set(changed.filter(pl.col("fate") != "dropped")["seed_id"])
    assert set(found.leave) == kept - now
    assert len(found.leave) > 3
    assert found.kept[0] == len(kept) == 20
    assert sum(row.then for row in found.strata) == found.kept[1]
    assert any("too_short" in line for line in what_if_lines(found))


def test_a_gate_goes_on_and_off(task: Path) -> None:
    run(task)
    off = what_if.what_if(task, ["schema=off", "repetition=on"], overrides=[], env={})
    assert (off.kept, off.leave, off.come) == ((20, 20), [], [])


def test_a_gate_that_is_named_twice_stays_twice(task: Path) -> None:
    """A change of another gate leaves both; which of the two a setting is for cannot be told."""
    both = ["gates=[{length: {min_chars: 17}}, finish_reason, {length: {max_tokens: 500}}]"]
    run(task, *both)
    found = what_if.what_if(task, ["finish_reason=off"], overrides=both, env={})
    assert (found.leave, found.come) == ([], [])
    with pytest.raises(UsageError, match=r"gates\[0\] and gates\[2\] are both `length`"):
        what_if.what_if(task, ["length.max_tokens=4"], overrides=both, env={})
    assert what_if.what_if(task, ["length=off"], overrides=both, env={}).come


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("length", "expected GATE.SETTING=VALUE"),
        ("length=5", "a gate is `on` or `off`"),
        ("lenght.max=5", "unknown key `lenght"),
        ("length.max=5", "unknown setting 'max'"),
        ("length.max_tokens=[", r"^--what-if 'length.max_tokens=\[': '\[' is not a YAML value$"),
    ],
)
def test_a_change_that_is_none_is_said(task: Path, change: str, said: str) -> None:
    run(task)
    with pytest.raises((UsageError, SpecError), match=said):
        what_if.what_if(task, [change], overrides=[], env={})


def test_without_answers_there_is_nothing_to_compare(task: Path) -> None:
    with pytest.raises(UsageError, match="has no answers yet"):
        what_if.what_if(task, ["length=off"], overrides=[], env={})
