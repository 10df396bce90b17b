"""A step's outcome: kept and rejected partition the rows, and each rejected one has its reason."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from distill.tables.columns import DROPPED
from distill.tables.outcome import dropped_frame, ordered, partition

Frame = Callable[..., pl.DataFrame]


def test_partition_accounts_for_every_row(frame: Frame) -> None:
    rows = frame({}, {}, {})
    outcome = partition(rows, {1: ("odd", "why")}, stage="x")
    assert outcome.kept["seed_id"].to_list() == ["s00", "s02"]
    assert outcome.rejected["seed_id"].to_list() == ["s01"]
    assert outcome.dropped.rows() == [("s01", "r-s01-0", "a", "x", "odd", "why")]
    assert outcome.report == {"stage": "x", "in": 3, "kept": 2, "dropped": {"odd": 1}}


def test_order_is_by_seed_whatever_came_first(frame: Frame) -> None:
    rows = frame({"seed_id": "b"}, {"seed_id": "a", "draw": 1}, {"seed_id": "a"})
    assert ordered(rows).select("seed_id", "draw").rows() == [("a", 0), ("a", 1), ("b", 0)]
    assert ordered(ordered(rows)).equals(ordered(rows))


def test_empty_table_of_drops_has_its_columns() -> None:
    assert dict(dropped_frame().schema) == DROPPED
