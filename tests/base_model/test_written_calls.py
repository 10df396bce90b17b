"""Calls in what a model writes."""

from __future__ import annotations

from typing import Any

import pytest
import tiny_models

from distill.base_model.chat_format import chat_format
from distill.base_model.written_calls import calls_of

CALL = {"name": "find", "arguments": {"id": 7}}


@pytest.mark.parametrize(
    ("text", "content", "calls"),
    [
        ('<tool_call>{"name": "find", "arguments": {"id": 7}}</tool_call>', "", [CALL]),
        ('{"name": "find", "parameters": {"id": 7}}', "", [CALL]),
        ("plain words", "plain words", []),
        ('{"name": "Ann", "age": 7}', '{"name": "Ann", "age": 7}', []),
        ("<tool_call>{torn</tool_call>", "<tool_call>{torn</tool_call>", []),
        ("[" * 100_000, "[" * 100_000, []),
    ],
)
def test_forms(text: str, content: str, calls: list[Any]) -> None:
    assert calls_of(text) == (content, calls)


@pytest.mark.parametrize("name", ["qwen3", "qwen2_5", "llama3_2"])
def test_what_a_template_writes_is_read_back(name: str) -> None:
    """The very text that a student of such a base is trained to write."""
    tokenizer = tiny_models.tokenizer(tiny_models.template(name))
    tools = [
        {
            "type": "function",
            "function": {"name": "find", "description": "d", "parameters": {"type": "object", "properties": {}}},
        }
    ]
    turns = [
        {"role": "user", "content": "Where is 7?"},
        {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": CALL}]},
    ]
    format_ = chat_format(tokenizer)
    written = format_.answer(turns, tools).removesuffix(format_.end)
    assert calls_of(written.strip())[1] == [CALL]
