"""What is advised: each rule alone, their order, the sums, and what is unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distill.advise.approach import RULES, Approach, advise
from distill.advise.situation import Situation, TokenPrice

ROWS = Situation(rows=1000)
PAID = Situation(calls_a_day=20_000, prompt_tokens=600, completion_tokens=15, price=TokenPrice(2.5, 10), rows=1000)
SEEN = frozenset({"prompt", "few-shot", "structured", "rag"})
ALONE: list[tuple[str, Approach, Situation]] = [
    ("nothing is wrong", "leave it", Situation(wrong=frozenset())),
    ("right answers need facts", "RAG", Situation(facts=True)),
    ("the format is wrong, and no structured", "structured output", Situation(wrong=frozenset({"format"}))),
    ("answers are poor, and the prompt", "prompt better", Situation(wrong=frozenset({"quality"}))),
    ("answers are poor, no examples", "few-shot", Situation(wrong=frozenset({"quality"}), tried=frozenset({"prompt"}), labelled=20)),
    ("the task changes", "prompt better", Situation(changes=12)),
    ("fewer than 100 inputs", "few-shot", Situation(rows=99)),
    ("data may not leave", "distil", replace(ROWS, wrong=frozenset({"privacy"}))),
    ("answers are too slow", "distil", replace(ROWS, wrong=frozenset({"latency"}))),
    ("it is too dear, and a student pays", "distil", replace(PAID, wrong=frozenset({"price"}))),
    ("answers are poor, all else", "distil", replace(ROWS, wrong=frozenset({"quality"}), tried=SEEN, labelled=500)),
    ("the format stays wrong", "distil", replace(ROWS, wrong=frozenset({"format"}), tried=SEEN)),
    ("it is too dear, and a student does not", "leave it", replace(PAID, wrong=frozenset({"price"}), calls_a_day=10)),
    ("no other rule", "leave it", Situation()),
]  # fmt: skip


def test_every_rule_has_a_case() -> None:
    assert len(ALONE) == len(RULES)


@pytest.mark.parametrize(("when", "word", "known"), ALONE, ids=[one[0] for one in ALONE])
def test_a_rule_fires_alone(when: str, word: Approach, known: Situation) -> None:
    found = advise(known)
    applying = [rule.when for rule in found.rules[:-1] if rule.applies]
    assert [one[: len(when)] for one in applying] == ([when] if when != "no other rule" else [])
    assert found.word == word
    assert found.sentence


def test_the_cheaper_step_comes_first_and_one_that_was_tried_is_passed_over() -> None:
    """Poor answers: prompt, then examples, then a student."""
    known = Situation(wrong=frozenset({"quality"}), rows=1000, labelled=500)
    words = [advise(replace(known, tried=frozenset(tried))).word for tried in ((), ("prompt",), ("prompt", "few-shot"))]
    assert words == ["prompt better", "few-shot", "distil"]


def test_the_sums_are_these() -> None:
    """600 × 2.5 + 15 × 10 dollars a million are $0.00165 a call, $33 a day; 1,000 rows and 16 hours at $60 are $961.65.

    A student: $2.40 a day for a machine; (2 h + 0.15 × 16 h) × $60 = $264 a quarter, $2.893 a day.
    """
    sums = advise(PAID).sums
    assert sums.call == pytest.approx(0.00165)
    assert sums.day == pytest.approx(33.0)
    assert sums.build == pytest.approx(961.65)
    assert sums.student_day == pytest.approx(2.4 + 264 / 91.25)
    assert sums.tuned_day == pytest.approx(2 * (360 * 2.5 + 15 * 10) / 1e6 * 20_000)
    assert sums.days == pytest.approx(961.65 / (33.0 - sums.student_day))
    assert advise(PAID, {"hourly_usd": 0.0}).sums.build == pytest.approx(1.65)


def test_a_sum_of_what_is_unknown_is_unknown() -> None:
    sums = advise(replace(PAID, price=None)).sums
    assert (sums.call, sums.day, sums.build, sums.saving_day, sums.days) == (None,) * 5


def test_a_missing_answer_is_named_with_what_it_would_change() -> None:
    found = {one.name: one for one in advise(replace(PAID, wrong=frozenset({"price"}))).unknown}
    assert list(found) == ["tried", "labelled", "changes", "facts", "kinds"]
    assert found["facts"].would == {"yes": "RAG", "no": "distil"}
    assert found["changes"].would["weekly"] == "prompt better"
    assert found["labelled"].would == {}


def test_missing_costs_are_tried_together_since_one_alone_makes_no_sum() -> None:
    found = {one.name: one.would for one in advise(Situation(wrong=frozenset({"price"}), rows=1000)).unknown}
    assert set(found["price"].values()) == {"leave it", "distil"}
    assert set(found["calls_a_day"].values()) == {"leave it", "distil"}


def test_few_kinds_of_answers_lead_to_a_linear_model_and_a_more_expensive_tuned_model_is_said() -> None:
    notes = " ".join(advise(replace(PAID, wrong=frozenset({"price"}), kinds=24)).notes)
    assert "24 different answers try a linear model" in notes
    assert "more expensive than it is now: $42.00 a day against $33.00" in notes
    assert "free text" in " ".join(advise(replace(PAID, wrong=frozenset({"price"}), kinds=0)).notes)
