"""What is sent: the endpoint's dialect, and nothing that the spec does not set."""

from __future__ import annotations

from typing import Any

import pytest

from distill.teacher.endpoint import payload

TURNS = [{"role": "user", "content": "hi"}]
SCHEMA: dict[str, Any] = {
    "$schema": "x",
    "title": "ticket",
    "type": "object",
    "properties": {"note": {"type": "string", "maxLength": 9}, "default": {"enum": ["minLength", "default"]}},
    "required": ["note", "default"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("url", "api", "dialect"),
    [
        (None, "chat", "openai"),
        ("https://eu.api.openai.com/v1", "chat", "openai"),
        ("https://corp.openai.azure.com/openai/v1", "chat", "openai"),
        ("https://notopenai.com/v1", "chat", "chat"),
        ("http://127.0.0.1:1/v1", "chat", "chat"),
        ("http://127.0.0.1:1/v1", "responses", "responses"),
    ],
)
def test_the_dialect_is_that_of_the_address(url: str | None, api: str, dialect: str) -> None:
    assert payload.dialect_of(url, api) == dialect


def test_only_what_is_set_is_sent() -> None:
    """No nulls, no defaults of ours: many servers refuse what they do not know."""
    assert payload.body(TURNS, payload.RequestSettings(model="m", dialect="chat", max_tokens=5)) == {
        "model": "m",
        "messages": TURNS,
        "max_tokens": 5,
    }
    sent = payload.body(
        TURNS,
        payload.RequestSettings(model="m", dialect="chat", max_tokens=5, seed=0, temperature=0.0, extra={"top_k": 3}),
    )
    assert (sent["seed"], sent["temperature"], sent["top_k"]) == (0, 0.0, 3)


def test_openai_gets_its_own_names_and_a_schema_that_strict_mode_takes() -> None:
    """Lengths are left to our own check; a property that is called like a keyword stays."""
    sent = payload.body(TURNS, payload.RequestSettings(model="m", dialect="openai", max_tokens=5, output=SCHEMA))
    assert "max_tokens" not in sent
    assert sent["max_completion_tokens"] == 5
    form = sent["response_format"]["json_schema"]
    assert (form["name"], form["strict"]) == ("ticket", True)
    assert form["schema"]["properties"] == {"note": {"type": "string"}, "default": {"enum": ["minLength", "default"]}}
    loose = payload.body(
        TURNS,
        payload.RequestSettings(model="m", dialect="openai", max_tokens=5, output=SCHEMA | {"required": ["note"]}),
    )
    assert loose["response_format"]["json_schema"]["strict"] is False


def test_elsewhere_the_whole_schema_is_sent() -> None:
    """A server that decodes under a grammar makes use of every keyword."""
    form = payload.body(TURNS, payload.RequestSettings(model="m", dialect="chat", max_tokens=5, output=SCHEMA))[
        "response_format"
    ]["json_schema"]
    assert form["schema"]["properties"]["note"]["maxLength"] == 9


def test_the_responses_api_stores_nothing_there() -> None:
    sent = payload.body(
        TURNS, payload.RequestSettings(model="m", dialect="responses", max_tokens=5, seed=3, output=SCHEMA)
    )
    assert sent["store"] is False
    assert sent["input"] == TURNS
    assert sent["max_output_tokens"] == 5
    assert "seed" not in sent
    assert sent["text"]["format"]["type"] == "json_schema"


def test_tools_and_their_calls_are_written_as_each_api_takes_them() -> None:
    """Chat keeps them in the turns; the Responses API has items of their own and flat tools."""
    function = {"name": "look", "parameters": {"type": "object"}}
    tools = [{"type": "function", "function": function}]
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    turns = [
        *TURNS,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "a kettle"},
    ]
    chat = payload.body(turns, payload.RequestSettings(model="m", dialect="chat", max_tokens=5, tools=tools))
    assert (chat["messages"], chat["tools"]) == (turns, tools)
    responses = payload.body(turns, payload.RequestSettings(model="m", dialect="responses", max_tokens=5, tools=tools))
    assert responses["tools"] == [{"type": "function", **function}]
    assert responses["input"] == [
        {"role": "user", "content": "hi"},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "a kettle"},
    ]
    assert "tools" not in payload.body(TURNS, payload.RequestSettings(model="m", dialect="chat", max_tokens=5))


TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
OTHER = {"type": "function", "function": {"name": "find"}}


def test_a_row_without_tools_of_its_own_is_asked_as_ever() -> None:
    plain = payload.body(TURNS, payload.RequestSettings(model="m", dialect="chat", max_tokens=5, tools=[OTHER]))
    assert (
        payload.body(TURNS, payload.RequestSettings(model="m", dialect="chat", max_tokens=5, tools=[OTHER], own={}))
        == plain
    )


def test_what_a_row_is_asked_with_goes_before_the_tasks_own_and_is_written_as_each_api_takes_it() -> None:
    own = {
        "tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}, "parallel_tool_calls": False,
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
    }  # fmt: skip
    chat = payload.body(TURNS, payload.RequestSettings(model="m", dialect="chat", max_tokens=5, tools=[OTHER], own=own))
    assert {name: chat[name] for name in own} == own
    flat = payload.body(
        TURNS, payload.RequestSettings(model="m", dialect="responses", max_tokens=5, tools=[OTHER], own=own)
    )
    assert flat["tools"] == [{"type": "function", **TOOL["function"]}]
    assert flat["tool_choice"] == {"type": "function", "name": "look"}
    assert flat["parallel_tool_calls"] is False
    assert flat["text"] == {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}}
    with_schema = payload.body(
        TURNS, payload.RequestSettings(model="m", dialect="chat", max_tokens=5, output=SCHEMA, own=own)
    )
    assert with_schema["response_format"]["json_schema"]["name"] == "ticket"
