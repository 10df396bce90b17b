"""A student's answer as the API says it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from distill.proxy.recording.sse import completion as assembled
from distill.proxy.student.completion import body, completion
from distill.proxy.student.eligible import StudentCall


@pytest.mark.parametrize("usage", [True, False])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_streamed_and_whole_say_the_same(text: str, usage: bool) -> None:
    whole = completion(text, "distill/mood/001")
    kind, sent = body(whole, StudentCall({}, {}, stream=True, usage=usage))
    assert kind.startswith("text/event-stream")
    found = assembled(sent)
    assert found["choices"][0]["message"]["content"] == text
    assert (found["id"], found["model"], "usage" in found) == (whole["id"], "distill/mood/001", usage)
    for event in sent.split(b"\n\n")[:-2]:
        ChatCompletionChunk.model_validate_json(event.removeprefix(b"data: "))


def test_whole_is_the_apis_object() -> None:
    kind, sent = body(completion("a", "distill/mood/001"), StudentCall({}, {}, stream=False, usage=True))
    found = ChatCompletion.model_validate(json.loads(sent), strict=True)
    assert (kind, found.choices[0].finish_reason) == ("application/json", "stop")
