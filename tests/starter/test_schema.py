"""Schemas drawn from known answers."""

from __future__ import annotations

import jsonschema

from distill.starter import schema


def test_labels_keep_their_kind() -> None:
    found = schema.of_label("stars", ["5", "1", "true", "05"])
    assert found["properties"] == {"stars": {"enum": [5, 1, True, "05"]}}


def test_numbers_lists_and_yes_or_no() -> None:
    assert schema.of_numbers("n", ["4", 5, "no number"])["properties"] == {"n": {"type": "integer"}}
    assert schema.of_numbers("n", ["4,99", "5"])["properties"] == {"n": {"type": "number"}}
    assert schema.of_lists("n", [["a"], ["b", "c"], []])["properties"] == {
        "n": {"type": "array", "items": {"type": "string"}}
    }
    assert schema.of_label("n", ["TRUE", "False", "true"])["properties"] == {"n": {"type": "boolean"}}
    assert schema.of_label("n", ["1.0", "3.0"])["properties"] == {"n": {"enum": [1, 3]}}
    assert schema.of_label("n", ["1.0", "2.5"])["properties"] == {"n": {"enum": [1.0, 2.5]}}
    assert schema.of_label("n", ["yes", "no"])["properties"] == {"n": {"enum": ["yes", "no"]}}


def test_every_answer_that_it_was_drawn_from_obeys_it() -> None:
    answers = [
        {
            "intent": "abc"[n % 3],
            "urgent": n % 2 == 0,
            "note": f"text {n}",
            "lines": [{"price": 1.5 * n}],
            "when": None if n % 2 else "x",
        }
        for n in range(30)
    ]
    answers.append({"intent": "a"})
    found = schema.of_objects(answers)
    for answer in answers:
        jsonschema.validate(answer, found)
    assert found["required"] == ["intent"]
    assert set(found["properties"]["intent"]["enum"]) == {"a", "b", "c"}
    assert found["properties"]["note"] == {"type": "string"}


def test_names_of_columns_become_names_of_fields() -> None:
    assert schema.field_name("Ticket Kategorie ") == "ticket_kategorie"
    assert schema.field_name("???") == "answer"
