"""What is said where student and teacher could not be compared."""

from __future__ import annotations

import pytest
from compared import compared

from distill.evaluate.metrics import FREE_TEXT, NO_KNOWN


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
    assert (
        found.sentences[0] == "Undecided: none of the metrics that evaluate.metrics names applies to free-text answers."
    )
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
