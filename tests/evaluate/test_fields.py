"""Which fields are compared on all test rows alike."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distill.evaluate.fields import FieldRules, field_rules
from distill.evaluate.metrics import METRICS, Example
from distill.values.rules import Rule

WORDS = ["lamp", "kettle", "chair", "box", "shelf", "mirror"]
TEACHER = {
    str(i): json.dumps({"intent": "ab"[i % 2], "note": f"The customer asks where the {word} is now.", "n": i})
    for i, word in enumerate(WORDS)
}
SCHEMA = {"type": "object", "properties": {"intent": {"enum": ["a", "b"]}, "note": {"type": "string"}, "n": {}}}


def planned(**given: Any) -> FieldRules:
    empty: dict[str, Any] = {"schema": None, "given": None, "only": (), "golds": {}, "teacher": {}, "inputs": {}}
    return field_rules(**{**empty, **given})


def agrees(how: FieldRules, seed: str, **change: Any) -> float:
    answer = json.dumps({**json.loads(TEACHER[seed]), **change})
    return METRICS["agreement"](Example(teacher=TEACHER[seed], teacher_rules=how.teacher), answer).value


@pytest.mark.parametrize("schema", [None, SCHEMA])
def test_a_field_of_free_text_counts_in_no_score_and_is_reported(schema: Any) -> None:
    how = planned(schema=schema, teacher=TEACHER)
    assert agrees(how, "0", note="Another wording of the same.") == 1
    assert agrees(how, "0", intent="z") == 0.5
    assert how.kind == "fields"
    assert [note.partition(",")[0] for note in how.notes] == ["`note` is free text"]


@pytest.mark.parametrize("given", [{"only": ["intent", "note"]}, {"given": {"note": Rule("text")}}])
def test_a_field_that_the_spec_names_is_compared_all_the_same(given: Any) -> None:
    how = planned(teacher=TEACHER, **given)
    assert agrees(how, "0", note="Another wording of the same.") < 1
    assert not how.notes


def test_a_long_text_that_stands_in_the_input_is_no_free_text() -> None:
    inputs = {seed: f"Hello. {json.loads(text)['note']} Thanks!" for seed, text in TEACHER.items()}
    assert not planned(teacher=TEACHER, inputs=inputs).notes


def test_a_long_text_that_the_teacher_gets_right_often_is_no_free_text() -> None:
    golds = {seed: json.loads(text) for seed, text in TEACHER.items()}
    assert not planned(golds=golds, teacher=TEACHER).notes
    wrong = {seed: json.dumps({**gold, "note": f"Something else, number {seed}."}) for seed, gold in golds.items()}
    assert planned(golds=golds, teacher=wrong).notes


def test_agreement_compares_the_known_answers_fields_on_rows_with_one_and_without() -> None:
    """Two measures in one mean would say nothing."""
    how = planned(golds={"0": {"intent": "a"}}, teacher=TEACHER)
    assert agrees(how, "0", n=99) == 1
    assert agrees(how, "1", n=99) == 1
    assert agrees(how, "1", intent="z") == 0


def test_a_known_answer_with_some_of_the_fields_is_no_fault_of_the_others() -> None:
    golds = {seed: {"intent": json.loads(text)["intent"]} for seed, text in TEACHER.items()}
    how = planned(golds=golds, teacher=TEACHER)
    score = METRICS["json_fields"](Example(gold=golds["0"], gold_rules=how.gold), TEACHER["0"])
    assert score.value == 1
    made_up = '{"intent": "a", "mood": "b"}'
    assert METRICS["json_fields"](Example(gold=golds["0"], gold_rules=how.gold), made_up).value == 0.5


@pytest.mark.parametrize(
    ("teacher", "golds", "kind"),
    [
        (dict.fromkeys("0123", "technical"), {}, "plain"),
        ({seed: f"We will look into the {word} for you." for seed, word in enumerate(WORDS)}, {}, "text"),
        (
            {str(i): json.dumps({"reply": f"We will look into the {w} for you."}) for i, w in enumerate(WORDS)},
            {},
            "text",
        ),
        ({}, {"0": {"answer": 12}}, "plain"),
        (TEACHER, {}, "fields"),
    ],
)
def test_what_answers_are(teacher: Any, golds: Any, kind: str) -> None:
    assert planned(teacher=teacher, golds=golds).kind == kind


def test_a_name_that_no_answer_has_is_reported() -> None:
    (note,) = planned(teacher={"0": '{"tags": ["a"]}'}, given={"tgas": Rule("set")}).notes
    assert note == "evaluate.compare names `tgas`, which no answer to a test row has; did you mean 'tags'?"


def test_plain_known_answers_that_answers_with_fields_cannot_be_held_against_are_named() -> None:
    (note,) = planned(schema=SCHEMA, golds={"0": {"answer": "a"}}, teacher={"0": '{"intent": "a"}'}).notes
    assert note == (
        "1 known answer is a plain value, and answers have the fields intent, note, n: it counts in no score. "
        "Write it as an object."
    )
