"""Request bodies in the dialect that an endpoint speaks; only what the spec sets is sent, since many refuse the rest.

chat        chat completions, which nearly every server speaks
openai      the same as OpenAI itself takes it: `max_completion_tokens`, and a schema without the keywords that its
            strict mode refuses (the whole schema is checked here, by the gate)
responses   OpenAI's Responses API, nothing stored at their side
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from distill.records import Json

ApiDialect = Literal["chat", "openai", "responses"]
_NOT_SENT = ("$schema", "title", "$id")
_NOT_STRICT = {"minLength", "maxLength", "default", "examples", "uniqueItems", "minProperties", "maxProperties"}


def dialect_of(base_url: str | None, api: str) -> ApiDialect:
    """`responses` where the spec says so; else OpenAI's own chat dialect on its own hosts, the common one elsewhere."""
    if api == "responses":
        return "responses"
    host = urlsplit(base_url or "https://api.openai.com").hostname or ""
    return "openai" if host.endswith((".openai.com", ".openai.azure.com")) else "chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSettings:
    """How a model is asked; `tools` are chat tools in any dialect, `extra` goes on top of the body as it is.

    `own` is what the row itself is asked with: its tools before `tools`, its form of an answer where `output` gives none.
    """

    model: str
    dialect: ApiDialect
    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    output: Mapping[str, Json] | None = None
    tools: Sequence[Mapping[str, Json]] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)
    own: Mapping[str, Json] = field(default_factory=dict)


def probabilities_wish(dialect: ApiDialect) -> dict[str, Json]:
    """What a body holds so that the answer comes with the probabilities of its tokens, where an endpoint gives them."""
    return {"include": ["message.output_text.logprobs"]} if dialect == "responses" else {"logprobs": True}


def body(messages: Sequence[Mapping[str, Json]], settings: RequestSettings) -> dict[str, Json]:
    """The body to send, without what is None."""
    dialect = settings.dialect
    turns = [dict(turn) for turn in messages]
    if dialect == "responses":
        turns = [item for turn in turns for item in _items(turn)]
    limit = {"chat": "max_tokens", "openai": "max_completion_tokens", "responses": "max_output_tokens"}[dialect]
    request: dict[str, Json] = {
        "model": settings.model,
        "input" if dialect == "responses" else "messages": turns,
        limit: settings.max_tokens,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "seed": None if dialect == "responses" else settings.seed,
    }
    request |= _answer_form(settings) | _tools(settings)
    if dialect == "responses":
        request["store"] = False
    return {name: value for name, value in request.items() if value is not None} | dict(settings.extra)


def _answer_form(settings: RequestSettings) -> dict[str, Json]:
    if settings.output is not None:
        return _form(settings.output, settings.dialect)
    if form := settings.own.get("response_format"):
        return _own_form(form, settings.dialect)
    return {}


def _tools(settings: RequestSettings) -> dict[str, Json]:
    """The tools that may be called, and how: the row's own where it brings some."""
    own, flat = settings.own.get("tools"), settings.dialect == "responses"
    tools = own or settings.tools
    if not tools:
        return {}
    named = [{"type": "function", **tool["function"]} if flat else dict(tool) for tool in tools]
    return {"tools": named} | (_calling(settings.own, settings.dialect) if own else {})


def _items(turn: Mapping[str, Json]) -> list[dict[str, Json]]:
    """A chat turn as the Responses API takes it: tool calls and their results are items of their own."""
    if turn["role"] == "tool":
        return [{"type": "function_call_output", "call_id": turn["tool_call_id"], "output": turn["content"]}]
    calls = [
        {"type": "function_call", "call_id": call["id"], **call["function"]} for call in turn.get("tool_calls") or ()
    ]
    said = [{"role": turn["role"], "content": turn["content"]}] if turn.get("content") else []
    return [*said, *calls]


def _form(output: Mapping[str, Json], dialect: ApiDialect) -> dict[str, Json]:
    schema: Mapping[str, Json] = {key: value for key, value in output.items() if key not in _NOT_SENT}
    strict = True
    if dialect != "chat":
        schema, strict = _without(schema, _NOT_STRICT), _is_strict(schema)
    named = {"name": str(output.get("title") or "answer"), "strict": strict, "schema": schema}
    if dialect == "responses":
        return {"text": {"format": {"type": "json_schema", **named}}}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _own_form(form: Mapping[str, Json], dialect: ApiDialect) -> dict[str, Json]:
    if dialect != "responses":
        return {"response_format": dict(form)}
    inside = form.get("json_schema")
    flat = {"type": form["type"], **inside} if isinstance(inside, Mapping) else dict(form)
    return {"text": {"format": flat}}


def _calling(own: Mapping[str, Json], dialect: ApiDialect) -> dict[str, Json]:
    found = {name: own[name] for name in ("tool_choice", "parallel_tool_calls") if name in own}
    choice = found.get("tool_choice")
    if dialect == "responses" and isinstance(choice, Mapping):
        found["tool_choice"] = {"type": "function", **choice["function"]}
    return found


def _without(schema: Json, names: set[str]) -> Json:
    """`schema` less these keywords, at every depth; properties that happen to be called so stay."""
    if isinstance(schema, list):
        return [_without(part, names) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in names}
    return {
        key: {name: _without(part, names) for name, part in value.items()}
        if key in ("properties", "$defs", "definitions") and isinstance(value, dict)
        else value
        if key in ("enum", "const", "required")
        else _without(value, names)
        for key, value in kept.items()
    }


def _is_strict(schema: object) -> bool:
    """Whether OpenAI's strict mode takes it: every object closed, every property of it required."""
    if isinstance(schema, list):
        return all(_is_strict(part) for part in schema)
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if isinstance(properties, dict):
        closed = schema.get("additionalProperties") is False and set(schema.get("required", ())) == set(properties)
        return closed and all(_is_strict(part) for part in properties.values())
    return all(_is_strict(value) for key, value in schema.items() if key not in ("enum", "const"))
