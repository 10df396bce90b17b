"""Calls of tools in text that grows."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from distill.base_model.written_calls import calls_of
from distill.host.serving.answers.tool_text import ToolText, numbered

TAGGED = 'I look. <tool_call>\n{"name": "look", "arguments": {"id": 7}}\n</tool_call>'


def read(parts: list[str]) -> tuple[str, ToolText]:
    text = ToolText()
    said = "".join(text.add(part) for part in parts)
    return said + text.end(), text


def test_what_is_said_before_a_call_is_told_and_the_call_is_not() -> None:
    text = ToolText()
    assert text.add(TAGGED[:10]) == "I look. "
    assert text.add(TAGGED[10:]) == ""
    assert text.end() == ""
    (call,) = numbered(text.calls)
    assert call["index"] == 0
    assert call["id"].startswith("call_")
    assert call["function"]["name"] == "look"
    assert json.loads(call["function"]["arguments"]) == {"id": 7}


def test_json_alone_is_a_call() -> None:
    said, text = read(list('{"name": "look", "parameters": {"id": 7}}'))
    assert said == ""
    assert text.calls[0]["function"]["name"] == "look"


@given(st.text('a<tool_call>{"}/ ', max_size=30), st.integers(1, 5))
def test_text_without_a_call_is_told_as_it_is(text: str, size: int) -> None:
    said, found = read([text[at : at + size] for at in range(0, len(text), size)])
    if not calls_of(text)[1]:
        assert said == text
        assert found.calls == []
