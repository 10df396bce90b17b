"""Strata that go to the teacher whole; no row names its own."""

from __future__ import annotations

import json

import polars as pl

from distill.evaluate.blend.failed import FailedStratum, _half, failed_by_halves, failed_strata
from distill.evaluate.comparison import compare
from distill.evaluate.scores import scores_by_arm


def made(wrong: str, count: int = 200) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(scores, tests) of two labels; the student is wrong of the rows of one kind."""
    kinds = ["abcd"[n % 4] for n in range(count)]
    tests = pl.DataFrame(
        {
            "seed_id": [f"s{n:03}" for n in range(count)], "input": [f"text {n}" for n in range(count)], "gold": ['{"m": 1}'] * count,
            "labels": [json.dumps({"kind": kind}) for kind in kinds], "stratum": kinds,
        }
    )  # fmt: skip
    rows = [
        (seed, arm, "json_fields", 0.0 if arm == "student" and kind == wrong else 1.0, "")
        for seed, kind in zip(tests["seed_id"], kinds, strict=True)
        for arm in ("student", "teacher")
    ]
    return pl.DataFrame(rows, schema=["seed_id", "arm", "metric", "value", "reason"], orient="row"), tests


def calls(tests: pl.DataFrame) -> pl.DataFrame:
    schema = {
        "seed_id": pl.String, "arm": pl.String, "latency_s": pl.Float64, "prompt_tokens": pl.Int64, "completion_tokens": pl.Int64,
        "usd": pl.Float64, "text": pl.String, "ended": pl.String,
    }  # fmt: skip
    rows = [(seed, arm, 0.1, 1, 1, 0.0, "{}", "ok") for seed in tests["seed_id"] for arm in ("student", "teacher")]
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_the_strata_that_ship_have_their_labels() -> None:
    scores, tests = made("c")
    comparison = compare(scores, calls(tests), tests, margin=0.05)
    (found,) = failed_strata(scores_by_arm(scores), comparison, tests, set(tests["seed_id"]))
    assert (found.name, found.where, found.rows, found.student, found.teacher) == ("kind = c", {"kind": "c"}, 50, 0, 1)
    of_two = FailedStratum("stratum c/x", {"kind": "c", "tone": "x"}, 9, 0, 1)
    assert of_two.holds({"kind": "c", "tone": "x", "more": "1"})
    assert not of_two.holds({"kind": "c"})


def test_a_stratum_that_no_answer_is_taken_of_has_not_failed() -> None:
    """A student that is not sure there sends its rows to the teacher anyway."""
    scores, tests = made("c")
    comparison = compare(scores, calls(tests), tests, margin=0.05)
    sure = {seed for seed, labels in tests.select("seed_id", "labels").iter_rows() if '"c"' not in labels}
    assert failed_strata(scores_by_arm(scores), comparison, tests, sure) == []
    assert not failed_by_halves(scores_by_arm(scores), comparison, tests, sure)


def test_each_half_is_judged_by_the_other() -> None:
    scores, tests = made("c")
    comparison, every = compare(scores, calls(tests), tests, margin=0.05), set(tests["seed_id"])
    inside = {seed for seed, labels in tests.select("seed_id", "labels").iter_rows() if '"c"' in labels}
    assert failed_by_halves(scores_by_arm(scores), comparison, tests, every) == inside
    first = {seed for seed in every if _half(seed)}
    right = pl.col("seed_id").is_in(list(inside - first))
    half = scores.with_columns(pl.when(right).then(1.0).otherwise(pl.col("value")).alias("value"))
    assert failed_by_halves(scores_by_arm(half), comparison, tests, every) == inside - first, (
        "who failed names the others"
    )


def test_a_student_that_is_as_good_everywhere_fails_nowhere() -> None:
    scores, tests = made("none")
    comparison, every = compare(scores, calls(tests), tests, margin=0.05), set(tests["seed_id"])
    assert failed_strata(scores_by_arm(scores), comparison, tests, every) == []
    assert not failed_by_halves(scores_by_arm(scores), comparison, tests, every)
