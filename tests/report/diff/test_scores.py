"""Scores are compared on the rows that both runs held against the same thing, and on no other."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from distill.atomic_write import write_parquet
from distill.report.diff.scores import score_changes
from distill.rundir import RunDir

ROWS = [f"r{n:02d}" for n in range(40)]


def made(home: Path, number: int, right: int, *, regraded: int = 0, teacher: str = "x", of: int = 40) -> RunDir:
    """A run whose student has the first `right` rows right, by the known answers and by the teacher's."""
    run = RunDir(home, "mood", number)
    seeds = [
        {"seed_id": row, "fields": "{}", "role": "test", "gold": json.dumps({"m": number if n < regraded else 0})}
        for n, row in enumerate(ROWS)
    ]
    write_parquet(run.path / "seeds.parquet", pl.DataFrame(seeds))
    scores = [
        {"seed_id": row, "arm": arm, "metric": metric, "value": float(n < right or arm == "teacher"), "reason": ""}
        for n, row in enumerate(ROWS[:of])
        for arm in ("student", "teacher")
        for metric in ("json_fields", "agreement", "schema")
    ]
    write_parquet(run.path / "scores.parquet", pl.DataFrame(scores))
    calls = [
        {"seed_id": row, "arm": "teacher", "text": teacher if n < 10 else "same", "ended": "ok"}
        for n, row in enumerate(ROWS)
    ]
    write_parquet(run.path / "calls.parquet", pl.DataFrame(calls))
    return run


def change(a: RunDir, b: RunDir, metric: str) -> tuple[float | None, int, int]:
    found = next(one for one in score_changes(a, b) if (one.arm, one.metric) == ("student", metric))
    return (
        (round(found.difference.mean, 3), found.difference.n, found.left_out)
        if found.difference
        else (None, 0, found.left_out)
    )


def test_the_later_minus_the_earlier_in_pairs(tmp_path: Path) -> None:
    a, b = made(tmp_path, 1, 20), made(tmp_path, 2, 30)
    assert change(a, b, "json_fields") == (0.25, 40, 0)
    assert change(b, a, "json_fields") == (-0.25, 40, 0)
    found = score_changes(a, b)[0]
    assert found.before is not None
    assert found.difference is not None
    assert found.before.mean == pytest.approx(0.5)
    assert 0 < found.difference.low < 0.25 < found.difference.high


def test_a_row_with_another_known_answer_is_left_out(tmp_path: Path) -> None:
    a, b = made(tmp_path, 1, 20), made(tmp_path, 2, 30, regraded=5)
    assert change(a, b, "json_fields") == (round(10 / 35, 3), 35, 5)
    assert change(a, b, "schema") == (0.25, 40, 0)  # held against no answer


def test_agreement_is_only_of_rows_where_both_teachers_said_the_same(tmp_path: Path) -> None:
    """Else each student is measured by its own teacher, and the new one always wins."""
    a, b = made(tmp_path, 1, 20), made(tmp_path, 2, 30, teacher="y")
    assert change(a, b, "agreement") == (round(10 / 30, 3), 30, 10)
    assert ("teacher", "agreement") not in [(one.arm, one.metric) for one in score_changes(a, b)]


def test_rows_that_one_run_did_not_score_and_a_run_that_was_not_evaluated(tmp_path: Path) -> None:
    a, b = made(tmp_path, 1, 20, of=25), made(tmp_path, 2, 30)
    assert change(a, b, "json_fields")[1] == 25
    (a.path / "scores.parquet").unlink()
    assert score_changes(a, b) == []


def test_nothing_is_left(tmp_path: Path) -> None:
    assert change(made(tmp_path, 1, 20), made(tmp_path, 2, 30, regraded=40), "json_fields") == (None, 0, 40)


def test_test_rows_of_one_conversation_count_together(tmp_path: Path) -> None:
    a, b = made(tmp_path, 1, 20), made(tmp_path, 2, 30)
    alone = next(one.difference for one in score_changes(a, b) if one.arm == "student")
    seeds = pl.read_parquet(b / "seeds.parquet").with_columns(group=pl.Series([f"t{n // 10}" for n in range(40)]))
    write_parquet(b.path / "seeds.parquet", seeds)
    together = next(one.difference for one in score_changes(a, b) if one.arm == "student")
    assert alone is not None
    assert together is not None
    assert alone.mean == together.mean
    assert together.high - together.low > 1.5 * (alone.high - alone.low)
