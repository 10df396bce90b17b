"""From a run's tables to what the rules look at."""

from __future__ import annotations

import json

import polars as pl
import pytest

from distill.evaluate.diagnosis.measured import ComparedVerdict, DiagnosisInput, Tables, measured

SEEDS = [f"s{n:02}" for n in range(40)]


def found(*, unanswered: int = 0, broken: int = 0) -> DiagnosisInput:
    """40 test rows: the teacher is right, the student on all but every fourth; some of its rows fail, or break the form."""
    scores, calls = [], []
    for n, seed in enumerate(SEEDS):
        gone = n < unanswered
        for arm, right in (("teacher", 1.0), ("student", float(n % 4 != 0)), ("linear", 0.0)):
            lost = gone and arm == "student"
            scores.append((seed, arm, "json_fields", None if lost else right, ""))
            form = float(n >= broken) if arm == "student" else 1.0
            scores.append((seed, arm, "schema", None if lost else form, ""))
            calls.append((arm, seed, "{}", "timeout" if lost else "ok"))
    labels = json.dumps({"kind": "a"})
    tests = pl.DataFrame(
        {"seed_id": SEEDS, "input": ["in"] * 40, "gold": [None] * 40, "labels": [labels] * 40},
        schema_overrides={"gold": pl.String},
    )
    train = pl.DataFrame(
        {"input": [f"row {n}" for n in range(30)], "labels": [labels] * 30, "request_id": ["r"] * 20 + [None] * 10}
    )
    tables = Tables(
        tests, train.select("labels"), train,
        pl.DataFrame(scores, schema={"seed_id": pl.String, "arm": pl.String, "metric": pl.String, "value": pl.Float64, "reason": pl.String}, orient="row"),
        pl.DataFrame(calls, schema=["arm", "seed_id", "text", "ended"], orient="row"), [{"train_loss": 1.0}],
    )  # fmt: skip
    return measured(tables, ComparedVerdict("do not distil", "json_fields", 0.02), epochs=2, linear=False)


def test_differences_shares_and_losses_are_of_the_tables() -> None:
    seen = found()
    assert seen.to_teacher is not None
    assert seen.to_teacher.mean == pytest.approx(-0.25)
    assert seen.behind
    assert seen.to_linear is not None
    assert seen.to_linear.mean == pytest.approx(0.75)
    assert seen.to_base is None
    assert (seen.trained, seen.taught) == (30, pytest.approx(2 / 3))
    assert seen.losses is not None
    assert seen.unanswered == 0


def test_rows_that_one_side_did_not_answer_are_counted_once() -> None:
    assert found(unanswered=7).unanswered == 7


def test_rows_whose_form_is_broken_are_held_against_the_teacher_alone() -> None:
    seen = found(broken=8)
    assert seen.schema is not None
    assert seen.schema.mean == pytest.approx(0.8)
    assert seen.broken is not None
    assert (seen.broken.n, seen.broken.mean) == (8, pytest.approx(-0.25))
