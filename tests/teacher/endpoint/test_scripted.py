"""The scripted teacher: an answer is a function of the request."""

from __future__ import annotations

import asyncio
import json

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from distill.records import Request
from distill.teacher.endpoint.scripted import Scripted

SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["a", "b", "c"]},
        "note": {"type": "string", "minLength": 4, "maxLength": 12},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "n": {"type": "integer", "minimum": 3},
        "sure": {"type": "boolean"},
    },
    "required": ["kind", "note", "tags", "n", "sure"],
}


@given(st.text())
def test_answers_fit_the_schema_and_repeat(text: str) -> None:
    """Whatever the input, a valid object, and the same one again."""
    form = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}
    request = Request("scripted", {"messages": [{"role": "user", "content": text}], "response_format": form})
    one, two = (asyncio.run(Scripted().answer(request)) for _ in range(2))
    assert one == two
    Draft202012Validator(SCHEMA).validate(json.loads(one.text))
