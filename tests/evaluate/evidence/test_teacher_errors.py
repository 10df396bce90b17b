from __future__ import annotations

import polars as pl
import pytest

from distill.evaluate.evidence.teacher_errors import SHOWN, teacher_errors

CALLS = {
    ("teacher", "a"): '{"label": "billing"}', ("student", "a"): '{"label": "refund"}', ("linear", "a"): '{"label":"refund"}',
    ("teacher", "b"): "billing", ("student", "b"): "refund", ("linear", "b"): "other",
    ("teacher", "c"): "billing", ("student", "c"): "refund", ("linear", "c"): "Refund",
}  # fmt: skip


def tables(gold: dict[str, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    calls = [{"arm": arm, "seed_id": seed, "text": text} for (arm, seed), text in CALLS.items()]
    tests = [{"seed_id": seed, "input": f"in {seed}", "gold": gold.get(seed)} for seed in "abc"]
    return pl.DataFrame(calls), pl.DataFrame(
        tests, schema={"seed_id": pl.String, "input": pl.String, "gold": pl.String}
    )


def test_a_known_answer_settles_it_and_a_second_model_suspects_it() -> None:
    calls, tests = tables({"b": '{"answer": "refund"}'})
    scores = {
        ("student", "json_fields"): {"b": 1.0},
        ("teacher", "json_fields"): {"b": 0.0},
        ("student", "agreement"): {"a": 0.0, "b": 0.0, "c": 0.0},
        ("linear", "agreement"): {"a": 0.0, "b": 0.0, "c": 0.0},
    }
    found = teacher_errors(scores, "json_fields", calls, tests, [])
    assert found is not None
    assert (found.known, found.suspected) == (1, 2)
    assert [(one.seed_id, one.known) for one in found.rows] == [("b", "refund"), ("a", None), ("c", None)]
    assert found.rows[0].why == "the known answer is the student's"
    assert found.rows[1].why.startswith("the linear model, trained apart")


def test_a_student_that_is_wrong_or_alone_accuses_nobody() -> None:
    calls, tests = tables({"b": '{"answer": "billing"}'})
    scores = {
        ("student", "json_fields"): {"b": 0.0},
        ("teacher", "json_fields"): {"b": 1.0},
        ("student", "agreement"): {"b": 0.0},
        ("linear", "agreement"): {"b": 0.0},
    }
    assert teacher_errors(scores, "json_fields", calls, tests, []) is None


def test_no_more_than_ten_are_listed_and_all_are_counted() -> None:
    seeds = [f"s{i}" for i in range(30)]
    tests = pl.DataFrame({"seed_id": seeds, "input": seeds, "gold": ['{"a": 1}'] * 30})
    calls = pl.DataFrame({"arm": ["student"], "seed_id": ["s0"], "text": ["x"]})
    scores = {
        ("student", "json_fields"): dict.fromkeys(seeds, 1.0),
        ("teacher", "json_fields"): dict.fromkeys(seeds, 0.5),
    }
    found = teacher_errors(scores, "json_fields", calls, tests, ["a"])
    assert found is not None
    assert (found.known, len(found.rows)) == (30, SHOWN)


@pytest.mark.parametrize(
    ("metric", "why"), [("tool_calls", "the known answer is"), ("verify", "the task's check passes")]
)
def test_tool_calls_and_code_name_likely_errors_too(metric: str, why: str) -> None:
    """Right is what the metric of the verdict says, or beside agreement the one that holds known answers."""
    calls, tests = tables({"b": '{"answer": "refund"}'})
    scores = {("student", metric): {"b": 1.0}, ("teacher", metric): {"b": 0.0}}
    for carries in (metric, "agreement_tool_calls"):
        found = teacher_errors(scores, carries, calls, tests, [])
        assert found is not None
        assert [(one.seed_id, one.why.startswith(why)) for one in found.rows] == [("b", True)]
