"""What a conversation is, and what is none."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.chat import conversation

CALL = {"id": 7, "function": {"name": "look", "arguments": {"id": 1}}}
WHOLE = [
    {"content": "hi", "role": "user", "id": "x"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "7", "content": "a kettle"},
]


def test_a_conversation_comes_back_in_one_spelling() -> None:
    """Only what is sent stays, role first; ids and arguments are text, as the API wants them."""
    assert conversation.turns(WHOLE) == [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "7", "type": "function", "function": {"name": "look", "arguments": '{"id":1}'}}],
        },
        {"role": "tool", "content": "a kettle", "tool_call_id": "7"},
    ]
    assert conversation.turns(conversation.turns(WHOLE)) == conversation.turns(WHOLE)
    assert str(conversation.text(WHOLE)).startswith("user: hi\nassistant: [{")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "a list of turns, found a JSON list"),
        ("hi", "found a JSON str"),
        ([{"content": "hi"}], "turn 1 has no role"),
        ([{"role": "human", "content": "hi"}], "turn 1 has no role; expected an object with one of system"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "turn 1: part 1 of the content is `image_url`"),
        ([{"role": "user", "content": [7]}], "turn 1: the content is a JSON list, expected text"),
        (
            [{"role": "assistant", "content": "a", "function_call": {"name": "f"}}],
            "turn 1: `function_call` cannot be read",
        ),
        ([{"role": "user", "content": None}], "turn 1: the content is nothing, expected text"),
        ([{"role": "user", "content": "a", "tool_calls": [CALL]}], "only the assistant calls tools"),
        ([{"role": "tool", "content": "a"}], "names its tool_call_id"),
        ([{"role": "assistant", "content": "", "tool_calls": [{"name": "look"}]}], "turn 1: a tool call is"),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "the last turn is the assistant's"),
    ],
)
def test_what_is_none_says_which_turn_and_what_was_expected(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        conversation.turns(value)


def test_history_before_a_last_turn_may_end_with_the_assistant_and_empty_turns_are_turns() -> None:
    """Only what is to be answered must end with the user or a tool; a tool that returns nothing has said nothing."""
    history = [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}]
    assert conversation.turns(history, last=False) == history
    assert conversation.text(history) == "user: a\nassistant: "
    assert conversation.text([{"role": "robot"}]) is None
    assert conversation.calls_tools(WHOLE)
    assert not conversation.calls_tools(history)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "x"]), inner),
    max_leaves=8,
)


@given(JSON)
def test_any_value_is_a_conversation_or_a_value_error(value: Any) -> None:
    with contextlib.suppress(ValueError):
        assert conversation.turns(value)[-1]["role"] in ("user", "tool")
