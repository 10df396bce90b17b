"""What is said where student and teacher could not be compared, and what else a reader must mind."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from distill.evaluate.cautions import reordered_lists
from distill.evaluate.comparison import Comparison, compare
from distill.evaluate.metrics import FREE_TEXT, NO_KNOWN, REORDERED

SEEDS = [f"s{i:02}" for i in range(40)]
SCORES = {"seed_id": pl.String, "arm": pl.String, "metric": pl.String, "value": pl.Float64, "reason": pl.String}


def compared(
    values: dict[str, list[float | None]],
    *,
    reason: str = "",
    metric: str = "json_fields",
    labels: Any = None,
    **how: Any,
) -> Comparison:
    """`values` are the scores by arm; null is one that could not be given, with the reason."""
    scores = [
        (seed, arm, metric, value, reason if value is None else "")
        for arm, found in values.items()
        for seed, value in zip(SEEDS, found, strict=False)
    ]
    calls = [(seed, arm, 0.1, 60, 20, 0.0, "text", "ok") for seed, arm, *_ in scores]
    columns = ("seed_id", "arm", "latency_s", "prompt_tokens", "completion_tokens", "usd", "text", "ended")
    tests = [
        {
            "seed_id": seed,
            "input": "in",
            "gold": None,
            "labels": json.dumps((labels or {}).get(seed, {})),
            "stratum": "all",
        }
        for seed in SEEDS
    ]
    tables = (
        pl.DataFrame(scores, schema=SCORES, orient="row"),
        pl.DataFrame(calls, schema=list(columns), orient="row"),
        pl.DataFrame(tests),
    )
    return compare(*tables, margin=0.02, asked=how.pop("asked", list(values)), **how)


@pytest.mark.parametrize("arms", [[], ["teacher"], ["teacher", "base"]])
def test_without_a_student_it_is_a_dataset_and_no_failure(arms: list[str]) -> None:
    found = compared({arm: [None] * 40 for arm in arms}, reason=FREE_TEXT, asked=arms).verdict
    assert found.word == "dataset only"
    assert "nothing was compared" in found.sentences[0]


def test_what_other_arms_scored_is_reported_where_there_is_no_student() -> None:
    found = compared({"teacher": [1.0] * 40, "base": [0.5] * 40}).verdict
    assert "what the others scored stands in the report" in found.sentences[0]


def test_free_text_is_answered_and_not_scored_and_reported_as_that() -> None:
    both: dict[str, list[float | None]] = {"teacher": [None] * 40, "student": [None] * 40}
    found = compared(both, reason=FREE_TEXT, metric="agreement", kind="text").verdict
    assert found.word == "undecided"
    assert found.sentences[0] == "Undecided: no metric here applies to free-text answers."
    assert "both answered 40 of 40 test rows" in found.sentences[1]


def test_the_reason_that_nothing_was_scored_is_reported() -> None:
    found = compared({"teacher": [None] * 40, "student": [None] * 40}, reason="the schema is odd").verdict
    assert found.sentences[0] == "Undecided: no metric could score the answers: the schema is odd."


def test_a_student_without_a_teacher_has_nothing_to_be_as_good_as() -> None:
    found = compared({"student": [1.0] * 40}).verdict
    assert "the teacher is not among evaluate.arms" in found.sentences[0]


def test_rows_without_a_known_answer_are_not_missing() -> None:
    half = [1.0 if i % 2 else None for i in range(40)]
    found = compared({"teacher": half, "student": half}, reason=NO_KNOWN).verdict
    assert "lack an answer" not in " ".join(found.sentences)
    assert "20 of 40 test rows have no known answer, and are none of these." in found.sentences


def test_a_stratum_that_fell_is_named() -> None:
    labels = {seed: {"kind": "rare" if i < 6 else "common"} for i, seed in enumerate(SEEDS)}
    student: list[float | None] = [0.0] * 6 + [1.0] * 34
    found = compared({"teacher": [1.0] * 40, "student": student}, labels=labels)
    assert found.warnings == [
        "kind = rare: the student gets 0 % and the teacher 100 %, on 6 test rows. The mean over all rows hides it."
    ]


def test_a_teacher_that_is_wrong_more_often_than_right_is_reported() -> None:
    found = compared({"teacher": [0.0] * 39 + [1.0], "student": [0.0] * 39 + [1.0]})
    assert found.warnings[0].startswith("The teacher itself gets 2 % of the known answers right, on 40 test rows")


def test_lists_in_another_order_are_reported_once_a_row() -> None:
    scores = pl.DataFrame(
        [(seed, "student", "json_fields", 1.0, f"tags: {REORDERED}") for seed in SEEDS], schema=SCORES, orient="row"
    )
    (line,) = reordered_lists(scores)
    assert line.startswith("In 40 test rows `tags` has the same items in another order")


def test_the_worst_answers_show_a_plain_known_answer_as_itself() -> None:
    scores = pl.DataFrame([("s", "student", "json_fields", 0.0, "x")], schema=SCORES, orient="row")
    calls = pl.DataFrame(
        {
            "seed_id": ["s"], "arm": ["student"], "latency_s": [0.1], "prompt_tokens": [1], "completion_tokens": [1],
            "usd": [0.0], "text": ["billing"], "ended": ["ok"],
        }
    )  # fmt: skip
    tests = pl.DataFrame({"seed_id": ["s"], "input": ["in"], "gold": ['{"answer": "technical"}']})
    (case,) = compare(scores, calls, tests, margin=0.02).worst
    assert (case.gold, case.student) == ("technical", "billing")
