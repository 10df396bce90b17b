from __future__ import annotations

import pytest

from distill.lifecycle.logs.feedback import good, is_feedback, verdict


@pytest.mark.parametrize(("name", "value", "meant"), [
    ("feedback", True, True), ("feedback", 0, False), ("thumb", "up", True), ("thumbs", "👎", False), ("user-feedback", 1, True),
    ("user-feedback", -1, False), ("feedback", 0.4, False), ("stars", 1, False), ("stars", 5, True), ("stars", 3, None), ("rating", 2, False),
    ("rating", 1, None), ("rating", 4.5, True), ("feedback", "a long story", None), ("feedback", 7, None), ("feedback", None, None),
    ("feedback", [1], None), ("feedback", "False", False),
])  # fmt: skip
def test_what_a_feedback_means(name: str, value: object, meant: bool | None) -> None:
    assert good(name, value) is meant


def test_an_evaluators_score_is_no_feedback() -> None:
    assert not is_feedback("hallucination")
    assert verdict({"hallucination": 0, "user-feedback": 1}) is True
    assert verdict({"hallucination": 0}) is None
    assert verdict({"hallucination": 0}, "hallucination") is False


def test_of_several_the_worst_counts() -> None:
    assert verdict({"thumbs": 1, "feedback": "bad"}) is False
