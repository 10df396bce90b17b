"""Likeness of free text: the whole answer, or a field of it with a score of its own."""

from __future__ import annotations

import json

import pytest

from distill.evaluate.metrics.texts import FreeText, names, scores, text_at
from distill.records import Score

FIELD = FreeText((("summary",),))


def test_a_field_beside_others_has_a_name_of_its_own_and_the_only_text_has_none() -> None:
    assert names(["chrf", "rouge_l"], FIELD, teacher=False) == ["chrf:summary", "rouge_l:summary"]
    assert names(["chrf"], FreeText((("a",), ("b",)), alone=True), teacher=True) == ["agreement_chrf"]
    assert names(["chrf"], FreeText(((),), alone=True), teacher=False) == ["chrf"]
    assert names(["chrf"], FreeText(), teacher=False) == []


def test_the_field_is_compared_and_what_stands_beside_it_is_not() -> None:
    wanted = {"intent": "refund", "summary": "the cat sat down"}
    found = dict(
        scores(["rouge_l"], FIELD, wanted, json.dumps({"intent": "x", "summary": "the cat sat"}), teacher=False)
    )
    assert found["rouge_l:summary"].value == pytest.approx(6 / 7)
    assert found["rouge_l:summary"].reason == "summary: 86% alike (ROUGE-L)"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("no JSON", "summary: no JSON object"),
        ('{"intent": "x"}', "summary: no text"),
        ('{"summary": 3}', "summary: no text"),
        (
            '{"content": null, "tool_calls": [{"name": "a", "arguments": {}}]}',
            "summary: calls a tool, where text is expected",
        ),
    ],
)
def test_an_answer_without_the_text_is_wrong_and_says_why(said: str, reason: str) -> None:
    (found,) = [one for _, one in scores(["chrf"], FIELD, {"summary": "the cat sat"}, said, teacher=False)]
    assert (found.value, found.reason) == (0, reason)


def test_a_row_without_a_wanted_text_has_no_score() -> None:
    assert not list(scores(["chrf"], FIELD, {"intent": "refund"}, '{"summary": "x"}', teacher=False))


def test_a_whole_answer_is_compared_without_its_reasoning_and_several_fields_by_their_mean() -> None:
    whole = FreeText(((),), alone=True)
    (found,) = scores(["chrf"], whole, "We are sorry.", "<think>angry?</think>We are sorry.", teacher=True)
    assert found == ("agreement_chrf", Score(1.0))
    two = FreeText((("a",), ("b",)), alone=True)
    wanted = {"a": "the cat sat down", "b": "x y"}
    ((name, mean),) = scores(["rouge_l"], two, wanted, '{"a": "the cat sat", "b": "z"}', teacher=False)
    assert name == "rouge_l"
    assert mean.value == pytest.approx(3 / 7)


def test_texts_in_lists_are_one_text() -> None:
    assert text_at({"lines": [{"note": "a"}, {"n": 1}, {"note": "b"}]}, ("lines", "note")) == "a\nb"
    assert text_at({"lines": []}, ("lines", "note")) is None
