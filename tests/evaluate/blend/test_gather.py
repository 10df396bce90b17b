"""The rows of a finished run, with and without calibration; a run that cannot tell says why."""

from __future__ import annotations

import json

import polars as pl
import pytest

from distill.errors import UsageError
from distill.evaluate.blend.gather import rows_of
from distill.rundir import RunDir


def test_rows_of_a_calibrated_run(routed_once: RunDir) -> None:
    found = rows_of(routed_once)
    assert (len(found.rows), len(found.sure)) == (160, 150)
    tests = pl.read_parquet(routed_once.path / "seeds.parquet").filter(role="test")
    assert {row.seed_id for row in found.rows} == set(tests["seed_id"])
    assert all(row.teacher.score == 1 and row.teacher.usd and row.student.score is not None for row in found.rows)
    assert all(row.confidence is not None for row in found.rows)
    assert found.cost.student_usd == 0
    assert found.cost.calls == 1


def test_without_calibration_far_and_schema_are_told_by_the_tables(routed: RunDir) -> None:
    """The same as the calibrated run knows of its test rows."""
    known = {row.seed_id: row for row in rows_of(routed).rows}
    path = routed.path / "comparison.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"selective": None}))
    (routed.path / "student" / "routing.json").unlink()
    found = rows_of(routed)
    assert (found.routing, list(found.sure)) == (None, [])
    assert {row.confidence for row in found.rows} == {None}
    assert [row.far for row in found.rows] == [known[row.seed_id].far for row in found.rows]
    assert [row.answered for row in found.rows] == [known[row.seed_id].answered for row in found.rows]


@pytest.mark.parametrize(
    ("gone", "part"),
    [
        ("comparison.json", r"comparison.json is not there; `distill evaluate mood`"),
        ("cascade.parquet", r"cascade.parquet is not there; `distill evaluate mood`"),
        ("calls.parquet", r"calls.parquet is not there"),
        ("student/routing.json", r"routing.json is not there"),
    ],
)
def test_a_run_that_is_half_deleted(gone: str, part: str, routed: RunDir) -> None:
    (routed.path / gone).unlink()
    with pytest.raises(UsageError, match=part):
        rows_of(routed)


def test_an_arm_that_was_not_compared(routed_once: RunDir) -> None:
    with pytest.raises(UsageError, match=r"has no base; it compared teacher, student. --to takes one of teacher"):
        rows_of(routed_once, "base")
    with pytest.raises(UsageError, match="--to student: what the student does not answer"):
        rows_of(routed_once, "student")
