"""A corrected answer beside the one that was given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.lifecycle.monitor.feedback.correction import BadCorrection, Corrections, digest
from distill.pipeline.open_task import open_task

TICKET = {
    "type": "object", "required": ["kind", "urgent"], "additionalProperties": False,
    "properties": {"kind": {"enum": ["bill", "parcel"]}, "urgent": {"type": "boolean"}, "days": {"type": "number"}},
}  # fmt: skip
GIVEN = '{"kind": "bill", "urgent": false}'


def corrections(task: Path, schema: Any = None, *sets: str) -> Corrections:
    if schema is not None:
        (task.parent / "answer.schema.json").write_text(json.dumps(schema))
    return Corrections(open_task(task, overrides=sets, env={}))


@pytest.mark.parametrize(("corrected", "whole", "right"), [
    ({"kind": "parcel", "urgent": False}, {"kind": "parcel", "urgent": False}, False),
    ({"urgent": False, "kind": "bill"}, {"kind": "bill", "urgent": False}, True),
    ('{"kind": "bill", "urgent": false}', {"kind": "bill", "urgent": False}, True),
    ({"kind": "parcel"}, {"kind": "parcel", "urgent": False}, False),
    ({"urgent": False}, {"kind": "bill", "urgent": False}, True),
])  # fmt: skip
def test_the_whole_answer_or_the_fields_that_were_wrong(corrected: Any, whole: Any, right: bool, task: Path) -> None:
    found = corrections(task, TICKET)
    assert found.whole(corrected, GIVEN) == whole
    assert found.is_right(found.whole(corrected, GIVEN), GIVEN) is right


def test_a_plain_value_is_that_of_the_one_field(task: Path) -> None:
    found = corrections(task)  # {"mood": "glad" or "cross"}
    assert found.whole("glad", None) == found.whole('"glad"', None) == {"mood": "glad"}
    assert found.is_right({"mood": "glad"}, ' {"mood":"glad"} ')
    assert not found.is_right({"mood": "glad"}, '{"mood": "cross"}')
    assert not found.is_right({"mood": "glad"}, "no JSON at all")


@pytest.mark.parametrize(
    "wrong", [{"kind": "moon"}, "bill", [], {"urgent": "perhaps"}, {"kind": "bill", "urgent": True, "more": 1}]
)
def test_what_the_schema_forbids_is_no_correction(wrong: Any, task: Path) -> None:
    with pytest.raises(BadCorrection):
        corrections(task, TICKET).whole(wrong, GIVEN)


def test_answers_are_compared_by_the_rules_of_the_evaluation(task: Path) -> None:
    found = corrections(task, TICKET, "evaluate.compare={days: {within: 1}}")
    assert found.is_right(
        {"kind": "bill", "urgent": False, "days": 3}, '{"kind": "bill", "urgent": false, "days": 3.5}'
    )


def test_free_texts_are_the_same_but_for_blanks(task: Path) -> None:
    text = "The customer asks for the parcel that was sent on Monday, and is worried that it may have been lost on its way to the north."
    found = corrections(task, None, "teacher.output=null", "gates=[finish_reason]")
    assert found.is_right(found.whole(text, "x"), text.replace(" ", "\n ", 3))
    assert not found.is_right(found.whole(text, "x"), text.replace("Monday", "Tuesday"))


@settings(max_examples=30, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner),
    )
)
def test_json_that_says_the_same_has_one_hash(value: Any) -> None:
    spelt = json.dumps(value), json.dumps(value, indent=1, sort_keys=True)
    if isinstance(value, dict | list):
        assert digest(spelt[0]) == digest(spelt[1])
    assert digest(spelt[0]) != digest(spelt[0], "[]")
