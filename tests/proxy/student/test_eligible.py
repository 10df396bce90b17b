"""Which calls a student may answer: those of its task that ask for a text and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxied import request

from distill.chat.templates import parse
from distill.lifecycle.logs.prompt_pattern import pattern_of
from distill.lifecycle.logs.task_shape import TaskShape
from distill.proxy.student.eligible import StudentCall, student_call

SHAPE = TaskShape(
    variables=("message",), prompts=(pattern_of(parse("Say the mood as JSON.\n[user]\n{{message}}\n", "teacher.md")),)
)
PARTS = [{"type": "text", "text": "the lamp"}]
FORM = {"type": "json_schema", "json_schema": {"name": "mood", "schema": {}}}


def test_the_fields_come_out_of_the_turns() -> None:
    found = student_call(request("the lamp", metadata={"kind": "a", "n": 1}), SHAPE)
    assert found == StudentCall({"message": "the lamp"}, {"kind": "a"}, stream=False, usage=False)
    streamed = student_call(request("the lamp", stream=True, stream_options={"include_usage": True}), SHAPE)
    assert isinstance(streamed, StudentCall)
    assert (streamed.stream, streamed.usage) == (True, True)


@pytest.mark.parametrize(
    "more",
    [
        {"temperature": 0, "max_tokens": 20, "seed": 1, "user": "u", "n": 1, "tools": []},
        {"response_format": FORM, "logprobs": False},
    ],
)
def test_what_asks_for_no_more_than_a_text_is_the_students(more: dict[str, Any]) -> None:
    assert isinstance(student_call(request("the lamp", **more), SHAPE), StudentCall)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (request("x", n=2), "request"),
        (request("x", logprobs=True), "request"),
        (request("x", tools=[{"type": "function"}]), "request"),
        (request("x", store=True), "request"),
        (request("x", messages=[]), "request"),
        (request("x", messages="x"), "request"),
        (request("x", messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]), "request"),
        (request("x", messages=[{"role": "assistant", "content": "", "tool_calls": [1]}]), "request"),
        (request("x", messages=[{"role": "system", "content": "Translate."}, {"role": "user", "content": "x"}]), "other_prompt"),
        (b"{", "request"),
        (b"[]", "request"),
        (b"[" * 500 + b"]" * 500, "request"),
    ],
)  # fmt: skip
def test_all_else_is_the_teachers(body: bytes, why: str) -> None:
    assert student_call(body, SHAPE) == why


NAMES = st.sampled_from(["role", "content", "type", "text", "messages", "n"])
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5)
JSONS = st.recursive(
    LEAVES, lambda some: st.lists(some, max_size=3) | st.dictionaries(NAMES, some, max_size=4), max_leaves=12
)


@given(
    st.dictionaries(
        st.sampled_from(["messages", "n", "stream", "metadata", "stream_options", "tools"]), JSONS, max_size=5
    )
)
def test_no_request_makes_it_fail(body: dict[str, Any]) -> None:
    assert isinstance(student_call(json.dumps(body).encode(), SHAPE), StudentCall | str)
