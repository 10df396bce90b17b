"""Scores and their order: what every gate's outcome is made of."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from distill.curate.gates.scoring import by_worth, judged, rescored
from distill.records import GOLD

Frame = Callable[..., pl.DataFrame]


def test_score_is_the_mean_of_those_there_are(frame: Frame) -> None:
    rows = frame({}, {}).with_columns(score_a=pl.Series([1.0, 0.0]), score_b=pl.Series([0.5, None], dtype=pl.Float64))
    assert rescored(rows)["score"].to_list() == [0.75, 0.0]
    assert rescored(frame({}))["score"].to_list() == [None]


def test_worth_is_approved_then_scored_then_unscored(frame: Frame) -> None:
    rows = frame({"score": 0.2}, {"score": None}, {"score": 0.9}, {"teacher": GOLD, "score": None})
    assert by_worth(rows).tolist() == [3, 2, 0, 1]


def test_gate_looks_only_at_suspects(frame: Frame) -> None:
    """The others pass with a score of 1; the failed one has 0 and its reason."""
    looked = []

    def judge(row: dict[str, str]) -> tuple[str, str]:
        looked.append(row["seed_id"])
        return "odd", "it is odd"

    outcome = judged(frame({"answer": "a"}, {"answer": "b"}), "x", judge, suspect=pl.col("answer") == "b")
    assert looked == ["s01"]
    assert outcome.kept["score_x"].to_list() == [1.0]
    assert outcome.rejected["score_x"].to_list() == [0.0]
    assert outcome.dropped.select("row", "stage", "reason", "detail").rows() == [("s01", "x", "odd", "it is odd")]
