"""The one holder of the rows between steps: what a step drops stays known, what it had is freed."""

from __future__ import annotations

import sys

import polars as pl
import pytest

from distill.tables.outcome import Outcome, ordered, partition
from distill.tables.remaining import RemainingRows


def rows(count: int) -> pl.DataFrame:
    return pl.DataFrame({"seed_id": [f"s{n}" for n in range(count)], "stratum": ["a"] * count})


def first_goes(frame: pl.DataFrame) -> Outcome:
    return partition(ordered(frame), {0: ("x", "the first")}, stage="one")


def test_each_step_gets_what_the_last_one_kept() -> None:
    """Nothing vanishes: what is left and the losses are all rows."""
    left = RemainingRows(rows(5))
    for _ in range(3):
        left.run(first_goes)
    assert left.column("seed_id").to_list() == ["s3", "s4"]
    assert [loss.rejected["seed_id"].item() for loss in left.losses] == ["s0", "s1", "s2"]


def test_losses_hold_no_row_that_was_kept() -> None:
    """They have its columns: the next step has the rows, and they fit in memory once."""
    left = RemainingRows(rows(5))
    left.run(first_goes)
    (loss,) = left.losses
    assert (loss.kept.height, loss.kept.columns) == (0, ["seed_id", "stratum"])
    assert loss.report == {"stage": "one", "in": 5, "kept": 4, "dropped": {"x": 1}}


def test_a_step_holds_the_only_reference_to_the_rows() -> None:
    """Two are those of a name and of the call that counts; a third would keep the rows from being freed in the step."""
    counts = []

    def step(frame: pl.DataFrame) -> Outcome:
        counts.append(sys.getrefcount(frame))
        return first_goes(frame)

    left = RemainingRows(rows(5))
    left.run(step)
    assert counts == [2]


def test_rows_are_taken_once() -> None:
    left = RemainingRows(rows(1))
    left.take()
    with pytest.raises(ValueError, match="were taken"):
        left.take()
