"""Answers as they are typed."""

from __future__ import annotations

import pytest

from distill.advise.situation import QUESTIONS, Situation, read_answer, situation, unanswered
from distill.errors import UsageError


def test_what_is_typed_is_read_and_the_rest_stays_unknown() -> None:
    found = situation(
        {"wrong": "price, Latency", "calls_a_day": "20,000", "price": "2.5/10", "kinds": "free", "facts": "no", "changes": "monthly", "rows": "", "tried": None}
    )  # fmt: skip
    assert found.wrong == {"price", "latency"}
    assert (found.calls_a_day, found.kinds, found.facts, found.changes) == (20_000, 0, False, 12)
    assert found.price == pytest.approx((2.5, 10))
    assert unanswered(found) == ["tried", "prompt_tokens", "completion_tokens", "rows", "labelled"]


def test_nothing_is_an_answer() -> None:
    assert situation({"wrong": "nothing"}).wrong == frozenset()
    assert situation({"wrong": " "}).wrong is None


def test_every_answer_has_its_question_and_values_to_try() -> None:
    assert list(unanswered(Situation())) == list(QUESTIONS)
    for question in QUESTIONS.values():
        assert "? " in question.asked
        assert len(question.tries) > 1


@pytest.mark.parametrize(
    ("name", "text"),
    [("wrong", "prise"), ("wrong", "price,nothing"), ("wrong", ","), ("calls_a_day", "many"), ("calls_a_day", "-3"), ("rows", "inf"),
     ("changes", "often"), ("facts", "maybe"), ("kinds", "some")],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_says_what_was_expected(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"{QUESTIONS[name].option} is .*: expected "):
        read_answer(name, text)


def test_a_price_that_nobody_knows_is_said() -> None:
    with pytest.raises(UsageError, match="a model whose price nobody knows"):
        read_answer("price", "no-such-model")
