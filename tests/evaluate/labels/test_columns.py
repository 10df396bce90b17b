"""Which fields are labels, and what was said in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distill.evaluate.fields import field_rules
from distill.evaluate.labels.columns import LabelColumn, columns

SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["glad", "cross", "calm"]}, "name": {"type": "string"}}}


def found(golds: list[Any], student: list[str], schema: Any = None, **more: Any) -> list[LabelColumn]:
    rules = field_rules(
        schema=schema, given=more.get("given"), only=more.get("only", ()), golds={str(i): gold for i, gold in enumerate(golds)},
        teacher={}, inputs={},
    )  # fmt: skip
    return columns(rules, {"student": {str(i): text for i, text in enumerate(student)}}, schema)


def test_bare_labels_are_taken_as_they_are_compared() -> None:
    (column,) = found(
        [{"answer": "Technical"}, {"answer": "billing"}, {"answer": "technical"}, {"answer": "billing"}],
        ["technical.", "BILLING", "other thing", "Technical"],
    )
    assert (column.name, column.against) == ("answer", "known answers")
    assert column.wanted == {"0": "Technical", "1": "billing", "2": "Technical", "3": "billing"}
    assert column.said["student"] == {"0": "Technical", "1": "billing", "2": "other thing", "3": "Technical"}


def test_fields_of_labels_are_those_that_come_again_or_that_the_schema_lists() -> None:
    golds = [
        {"mood": ["glad", "cross"][i % 2], "name": f"Bo {i}", "n": i, "vip": i < 3, "inner": {"side": "ab"[i % 2]}}
        for i in range(6)
    ]
    said = [json.dumps({**gold, "mood": "glad"}) for gold in golds]
    assert [column.name for column in found(golds, said)] == ["mood", "vip", "inner.side"]
    few = [{"mood": "glad", "name": "Bo"}, {"mood": "cross", "name": "Al"}]
    assert [column.name for column in found(few, [json.dumps(one) for one in few], SCHEMA)] == ["mood"]


def test_what_is_no_answer_has_a_name() -> None:
    golds = [{"mood": ["glad", "cross"][i % 2]} for i in range(6)]
    said = ['{"mood": "glad"}', "no JSON", "{}", '{"mood": ["a"]}', '{"mood": null}', '{"mood": 3}']
    (column,) = found(golds, said, SCHEMA)
    assert list(column.said["student"].values()) == [
        "glad",
        "(unreadable)",
        "(nothing)",
        "(no label)",
        "(nothing)",
        "3",
    ]


@pytest.mark.parametrize("more", [{"given": {}, "only": ["name"]}, {"given": None, "only": ["name"]}])
def test_a_field_that_is_not_compared_is_left_out(more: Any) -> None:
    golds = [{"mood": ["glad", "cross"][i % 2], "name": "ab"[i % 2]} for i in range(6)]
    assert [column.name for column in found(golds, [json.dumps(one) for one in golds], **more)] == ["name"]


def test_free_text_and_numbers_are_none() -> None:
    golds = [{"note": f"The customer asks for number {i} of the lamps.", "n": i % 2} for i in range(8)]
    assert found(golds, [json.dumps(one) for one in golds]) == []
