"""A body of POST /v1/chat/completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.chat import conversation
from distill.host.serving.calls import parameters, sampling
from distill.host.serving.calls.parameters import Body
from distill.host.serving.engine import ModelQuestion
from distill.protocol.error import ApiError
from distill.records import Json

_IGNORED = frozenset({
    "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
    "parallel_tool_calls", "reasoning_effort", "verbosity", "prediction", "moderation",
})  # fmt: skip
"""Said to a host, a bill or a cache; the answer is the same without."""
_REFUSED: Mapping[str, str] = {
    "functions": "say 'tools'",
    "function_call": "say 'tool_choice'",
    "audio": "the models here read and write text",
    "web_search_options": "nothing here looks into the web",
}
_NAMES = sampling.NAMES | _IGNORED | _REFUSED.keys() | {
    "messages", "max_completion_tokens", "response_format", "tools", "tool_choice", "top_logprobs", "modalities",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChatCall:
    """One call: the model by the name that the client said, the question, and in what form it is answered."""

    model: str
    question: ModelQuestion
    n: int = 1
    stream: bool = False
    include_usage: bool = False


def chat_call(body: Body) -> ChatCall:
    """The call of a body; ApiError names what is wrong with it."""
    parameters.known(body, _NAMES)
    model = parameters.model(body)
    parameters.refused(body, _REFUSED)
    if body.get("modalities") not in (None, ["text"]):
        raise ApiError("The models here write text only; leave 'modalities' out.", param="modalities")
    tools = _tools(body)
    question = ModelQuestion(
        messages=_messages(body), tools=tools, tool_choice=_tool_choice(body, tools), max_tokens=_most(body), schema=_schema(body),
        logprobs=_logprobs(body), **sampling.sampling(body),
    )  # fmt: skip
    stream = parameters.flag(body, "stream")
    return ChatCall(model, question, sampling.choices(body), stream, parameters.include_usage(body, stream=stream))


def _messages(body: Body) -> Sequence[Mapping[str, Json]]:
    given = body.get("messages")
    if given is None:
        raise parameters.missing("messages")
    if not isinstance(given, list):
        raise parameters.wrong_type("messages", "an array of objects", given)
    if not given:
        raise ApiError(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            code="empty_array", param="messages",
        )  # fmt: skip
    try:
        return conversation.turns(given, last=False)
    except ValueError as fault:
        raise ApiError(f"Invalid 'messages': {fault}.", code="invalid_value", param="messages") from None


def _most(body: Body) -> int | None:
    """`max_completion_tokens`, or its older name."""
    found = [
        parameters.whole(body, name, low=1, high=sampling.MOST_TOKENS)
        for name in ("max_completion_tokens", "max_tokens")
    ]
    if None not in found:
        raise ApiError(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.", param="max_tokens"
        )
    return found[0] if found[0] is not None else found[1]


def _logprobs(body: Body) -> int | None:
    most = parameters.whole(body, "top_logprobs", low=0, high=20)
    if parameters.flag(body, "logprobs"):
        return most or 0
    if most:
        raise ApiError("'logprobs' must be set to true if 'top_logprobs' is used.", param="top_logprobs")
    return None


def _schema(body: Body) -> Mapping[str, Json] | None:
    """The schema of `response_format`; {} for any JSON object."""
    given = body.get("response_format")
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise parameters.wrong_type("response_format", "an object", given)
    kind = given.get("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return {}
    if kind != "json_schema":
        raise ApiError(
            f"Invalid value: {kind!r}. Supported values are: 'json_object', 'json_schema', and 'text'.",
            code="invalid_value", param="response_format.type",
        )  # fmt: skip
    named = given.get("json_schema")
    if not isinstance(named, Mapping):
        raise parameters.missing("response_format.json_schema")
    if not isinstance(named.get("name"), str) or not named["name"]:
        raise parameters.missing("response_format.json_schema.name")
    schema = named.get("schema")
    if not isinstance(schema, Mapping):
        raise parameters.missing("response_format.json_schema.schema")
    return _sound(schema, named["name"])


def _sound(schema: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError) as fault:
        why = fault.message if isinstance(fault, SchemaError) else "it is nested too deep"
        raise ApiError(
            f"Invalid schema for response_format '{name[:64]}': {why[:300]}.",
            code="invalid_json_schema", param="response_format",
        ) from None  # fmt: skip
    return schema


def _tools(body: Body) -> Sequence[Mapping[str, Json]]:
    given = body.get("tools")
    if given is None:
        return ()
    if not isinstance(given, list):
        raise parameters.wrong_type("tools", "an array of objects", given)
    if len(given) > 128:
        raise ApiError("Invalid 'tools': array too long. Expected an array with maximum length 128.", param="tools")
    return [_tool(tool, number) for number, tool in enumerate(given)]


def _tool(tool: Json, number: int) -> Mapping[str, Json]:
    if not isinstance(tool, Mapping):
        raise parameters.wrong_type(f"tools[{number}]", "an object", tool)
    if tool.get("type") != "function":
        raise ApiError(
            f"Invalid value: {tool.get('type')!r}. Supported values are: 'function'.",
            code="invalid_value",
            param=f"tools[{number}].type",
        )
    function = tool.get("function")
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str) or not function["name"]:
        raise parameters.missing(f"tools[{number}].function.name")
    if not isinstance(function.get("parameters") or {}, Mapping):
        raise parameters.wrong_type(f"tools[{number}].function.parameters", "an object", function["parameters"])
    return tool  # as it came: so it trains, too


def _tool_choice(body: Body, tools: Sequence[Mapping[str, Json]]) -> Json:
    given = body.get("tool_choice")
    if given is None:
        return "auto"
    if not tools:
        raise ApiError("'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice")
    if given in ("auto", "none", "required"):
        return given
    name = (
        given["function"].get("name")
        if isinstance(given, Mapping) and isinstance(given.get("function"), Mapping)
        else None
    )
    if name not in [tool["function"]["name"] for tool in tools]:
        raise ApiError(
            "Invalid 'tool_choice': expected auto, none, required, or a function of 'tools' by its name.",
            code="invalid_value", param="tool_choice",
        )  # fmt: skip
    return {"type": "function", "function": {"name": name}}
