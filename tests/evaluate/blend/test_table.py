"""The table of a finished run: thresholds from calibration rows, everything else from test rows."""

from __future__ import annotations

import json

import polars as pl
import pytest

from distill.errors import UsageError
from distill.evaluate.blend.table import table_of
from distill.rundir import RunDir


def test_the_runs_own_threshold_is_chosen_and_agrees_with_its_comparison(routed_once: RunDir) -> None:
    table = table_of(routed_once)
    selective = json.loads((routed_once.path / "comparison.json").read_bytes())["selective"]
    assert (table.rows, table.calibration, table.signal) == (160, 150, "linear model")
    assert table.choice.threshold == selective["threshold"]["confidence"]
    assert table.choice.set_by == "at most 20 % wrong"
    kept = table.choice.ways["student"] + sum(
        row["kept"] for row in selective["by_stratum"] if (row["label"], row["value"]) == ("kind", "c")
    )
    assert kept == round(selective["coverage"]["mean"] * 160), "but for the rows of the stratum that failed"


def test_the_blend_is_better_than_the_student_and_cheaper_than_the_teacher(routed_once: RunDir) -> None:
    table = table_of(routed_once)
    student, choice = table.student.score, table.choice
    assert student is not None
    assert choice.score is not None
    assert choice.to_teacher is not None
    assert choice.score.mean > student.mean
    assert choice.to_teacher.n == 160
    ratio = table.ratio(choice)
    assert ratio is not None
    assert 0.1 < ratio < 0.7
    assert [one.name for one in table.failed] == ["kind = c"]
    kept = [one.keeps.mean for one in table.blends]
    assert kept == sorted(kept, reverse=True)


def test_no_threshold_was_set_on_a_test_row(routed: RunDir) -> None:
    """With other test rows in the table every threshold stays as it is."""
    before = table_of(routed)
    path = routed.path / "cascade.parquet"
    rows = pl.read_parquet(path)
    of_tests = pl.col("role") == "test"
    rows.with_columns(
        pl.when(of_tests).then(1 - pl.col("confidence")).otherwise(pl.col("confidence")).alias("confidence")
    ).write_parquet(path)
    after = table_of(routed)
    assert [one.threshold for one in after.blends] == [one.threshold for one in before.blends]
    assert [one.ways for one in after.blends] != [one.ways for one in before.blends]


def test_a_share_that_is_asked_for_is_chosen(routed_once: RunDir) -> None:
    table = table_of(routed_once, keep=0.6)
    assert table.choice.set_by == "the surest 60 %"
    assert 0.4 < table.choice.keeps.mean < 0.75
    for wrong in (0.0, 1.5):
        with pytest.raises(UsageError, match="expected a share above 0 and at most 1"):
            table_of(routed_once, keep=wrong)


def test_without_calibration_the_table_says_how_to_get_it(routed: RunDir) -> None:
    path = routed.path / "comparison.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"selective": None}))
    table = table_of(routed)
    assert [one.threshold for one in table.blends] == [None]
    assert "evaluate: {calibration: {rows: 300}}" in table.notes[0]
    assert table.choice.ways["stratum"] > 0
    assert table.choice.ways["unsure"] == 0
    with pytest.raises(UsageError, match="--keep needs calibration rows"):
        table_of(routed, keep=0.5)
