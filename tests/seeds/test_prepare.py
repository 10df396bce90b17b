"""The test rows of a refresh: those of the run before, and where its files hold fewer of them, others in their place, said before anything is paid."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from distill.pipeline.open_task import open_task
from distill.seeds.prepare import lost_test_rows, prepare
from distill.tables.outcome import Outcome


def prepared(task: Path, parent: pl.DataFrame | None = None) -> Outcome:
    opened = open_task(task, env={})
    return prepare(opened.spec, opened.seeds, parent=parent)


def held_out(found: Outcome) -> set[str]:
    return set(found.kept.filter(role="test")["seed_id"])


def rewritten(task: Path, change: object) -> None:
    """The seed file with each row as `change(n, row)` makes it; None is a row that goes."""
    path = task.parent / "seeds.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    made = [change(n, row) for n, row in enumerate(rows)]  # type: ignore[operator]  # a function of the test's own
    path.write_text("".join(json.dumps(row) + "\n" for row in made if row is not None))


def dotted(_: int, row: dict[str, str]) -> dict[str, str]:
    return row | {"message": row["message"] + "."}


def test_rows_that_all_changed_still_leave_a_test(task: Path) -> None:
    """A preprocessing step put a dot behind each: no test row is left as it stood, and as many are drawn again."""
    before = prepared(task)
    rewritten(task, dotted)
    after = prepared(task, before.kept)
    assert len(held_out(after)) == len(held_out(before)) == 12
    assert held_out(after).isdisjoint(held_out(before))
    assert after.report["refilled"] == {"had": 12, "held": 0, "drawn": 12, "learnt": 0}
    assert lost_test_rows(after.report) == [
        "12 of the 12 test rows of the run before are not in the seeds any more, as they stood; 12 others are drawn in their place. "
        "Scores of the two runs are on other rows."
    ]


@pytest.mark.parametrize("lost", [1, 5])
def test_test_rows_that_went_are_replaced_and_the_others_stay(task: Path, lost: int) -> None:
    """There are no new rows to draw from, so it is said that the earlier student may have learnt these."""
    before = prepared(task)
    gone = sorted(held_out(before))[:lost]
    lines = {line for seed, line in before.kept.select("seed_id", "line").iter_rows() if seed in gone}
    rewritten(task, lambda n, row: None if n + 1 in lines else row)
    after = prepared(task, before.kept)
    assert len(held_out(after)) == 12
    assert held_out(before) - set(gone) <= held_out(after)
    assert f"of which {lost} are rows that the previous student may have learnt" in lost_test_rows(after.report)[0]
    assert set(after.kept["role"]) == {"train", "test"}


def test_new_rows_take_the_place_before_rows_that_trained(task: Path) -> None:
    before = prepared(task)
    lines = set(before.kept.filter(role="test")["line"].head(4))
    rewritten(task, lambda n, row: None if n + 1 in lines else row)
    with (task.parent / "seeds.jsonl").open("a") as file:
        for n in range(20):
            row = {
                "message": f"quite another thing {n * 104729} of nobody {n * 31}",
                "kind": "ab"[n % 2],
                "expected": {"mood": "glad"},
            }
            file.write(json.dumps(row) + "\n")
    after = prepared(task, before.kept)
    assert after.report["refilled"] == {"had": 12, "held": 8, "drawn": 4, "learnt": 0}


def test_rows_that_are_added_leave_the_test_as_it_was(task: Path) -> None:
    """Also one that comes near a test row: that one goes, and the test row stays."""
    before = prepared(task)
    near = before.kept.filter(role="test").row(0, named=True)
    with (task.parent / "seeds.jsonl").open("a") as file:
        file.write(json.dumps({"message": near["input"] + " !", "kind": "a", "expected": {"mood": "glad"}}) + "\n")
    after = prepared(task, before.kept)
    assert held_out(after) == held_out(before)
    assert "refilled" not in after.report
    assert after.dropped.height == before.dropped.height + 1
