"""Bodies of any kind are a call or a refusal, never a fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.host.serving.calls.chat import chat_call
from distill.host.serving.calls.embeddings import embedding_call
from distill.host.serving.calls.text import text_call
from distill.protocol.error import ApiError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
TURN = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "system", "wizard"])},
    optional={"content": VALUES, "tool_calls": VALUES, "tool_call_id": VALUES, "name": VALUES},
)
FORMAT = st.fixed_dictionaries(
    {"type": st.sampled_from(["json_schema", "json_object", "text", "x"])},
    optional={"json_schema": VALUES | st.fixed_dictionaries({"name": st.just("a"), "schema": VALUES})},
)
TOOL = st.fixed_dictionaries(
    {"type": st.just("function"), "function": VALUES | st.fixed_dictionaries({"name": VALUES, "parameters": VALUES})}
)
SHARED = [
    "n",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
    "seed",
    "stop",
    "presence_penalty",
    "logit_bias",
    "max_tokens",
    "user",
]


def bodies(special: dict[str, st.SearchStrategy[Any]], others: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    wild = dict.fromkeys(others, VALUES)
    return st.fixed_dictionaries({"model": st.just("m")}, optional={**wild, **special})


CHAT = bodies(
    {"messages": VALUES | st.lists(TURN, max_size=3), "response_format": VALUES | FORMAT, "tools": VALUES | st.lists(TOOL, max_size=2)},
    [*SHARED, "logprobs", "top_logprobs", "tool_choice", "max_completion_tokens", "functions", "modalities", "odd"],
)  # fmt: skip
TEXT = bodies({"prompt": VALUES}, [*SHARED, "logprobs", "echo", "best_of", "suffix"])
EMBEDDING = bodies({"input": VALUES}, ["encoding_format", "dimensions", "user"])


def refusal(call: Callable[[Any], Any], body: Any) -> tuple[int, bool]:
    """The status, and whether it says anything; 400 where there is none."""
    try:
        call(body)
    except ApiError as fault:
        return fault.status, bool(fault.message)
    return 400, True


@given(CHAT)
def test_any_chat(body: Any) -> None:
    assert refusal(chat_call, body) == (400, True)


@given(TEXT)
def test_any_completion(body: Any) -> None:
    assert refusal(text_call, body) == (400, True)


@given(EMBEDDING)
def test_any_embedding(body: Any) -> None:
    assert refusal(embedding_call, body) == (400, True)


@pytest.mark.parametrize("given_stop", [None, [], "", [""]])
def test_no_stop_is_no_stop(given_stop: Any) -> None:
    assert (
        chat_call({"model": "m", "messages": [{"role": "user", "content": "a"}], "stop": given_stop}).question.stop
        == ()
    )


def test_the_newer_name_of_a_limit_is_the_same_limit() -> None:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
    }
    asked = [chat_call({**body, name: 7}).question for name in ("max_tokens", "max_completion_tokens")]
    assert asked[0] == asked[1]
    assert [turn["content"] for turn in asked[0].messages or ()] == ["a\nb"]
    assert chat_call(body).question.max_tokens is None
