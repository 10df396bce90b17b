"""What came over the line, read as an Answer: whole chat completions, refusals of every kind, and anything else.

Endpoints send much that is no answer with status 200: HTML, no choices, no finish reason, an error object. Only a whole
chat completion that says why it ended counts as one; all else is `malformed` and is never an empty answer.
"""

from __future__ import annotations

import email.utils
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Protocol, TypeGuard

import orjson

from distill import tokens
from distill.money import Price
from distill.records import Answer, Ended, Json, ToolCall, Usage, canonical

_NO_ACCESS = {
    "insufficient_quota",
    "invalid_api_key",
    "model_not_found",
    "billing_hard_limit_reached",
    "billing_not_active",
    "account_deactivated",
    # a setting that no row's request will get past
    "unsupported_parameter",
    "unsupported_value",
    "unknown_parameter",
    "invalid_json_schema",
}
_KEEP_CHARS = 400
LONGEST_WAIT_S = 3600.0


class Question(Protocol):
    """What must be known of a request to read its answer."""

    @property
    def id(self) -> str: ...
    @property
    def turns(self) -> list[dict[str, Json]]: ...


def read(body: bytes, request: Question, *, price: Price | None) -> Answer:
    """A 200's body as an Answer: OK only for a whole answer that says why it ended."""
    try:
        found = _json(body)
    except (ValueError, RecursionError):
        found = None
    return of(found, request, price=price, raw=body)


def of(found: Any, request: Question, *, price: Price | None, raw: bytes) -> Answer:
    """The same of a value that was read from JSON already; `raw` is what is kept and shown of it."""
    try:
        said = _response(found) if found.get("object") == "response" else _completion(found)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        said = None
    if said is None:
        return Answer(request.id, Ended.MALFORMED, status=200, error=f"no whole answer: {_shown(raw)!r}")
    usage = _usage(found.get("usage"), request, said)
    return Answer(
        request.id, Ended.OK, said.text, said.finish_reason, usage, price(usage) if price else 0.0, status=200,
        model=str(found.get("model") or ""), refusal=said.refusal, reasoning=said.reasoning,
        tool_calls=said.tool_calls, logprobs=said.logprobs, raw=raw.decode("utf-8", "replace"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Said:
    """What an API's object says, in the words of a chat completion."""

    text: str
    finish_reason: str
    refusal: str
    reasoning: str
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: Json = None


def _completion(found: Mapping[str, Any]) -> _Said | None:
    """Of a chat completion; None or an error for anything else."""
    choice = found["choices"][0]
    message, finish = choice["message"], choice["finish_reason"]
    content, refusal = message.get("content"), message.get("refusal")
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    calls = tuple(_call(call["function"]) for call in message.get("tool_calls") or ())
    if content is None and not refusal and not calls:
        return None
    logprobs = (choice.get("logprobs") or {}).get("content")
    return _whole(content, finish, refusal, reasoning, calls, logprobs)


def _call(function: Mapping[str, Any]) -> ToolCall:
    """A call by a name; some servers give its arguments as an object where the API says text."""
    name, arguments = function["name"], function["arguments"]
    if not isinstance(name, str) or not name:
        raise TypeError("a tool call without a name")
    return ToolCall(name, arguments if isinstance(arguments, str) else canonical(arguments))


_ENDS = {"max_output_tokens": "length", "content_filter": "content_filter"}


def _response(found: Mapping[str, Any]) -> _Said | None:
    """Of a Responses API object."""
    output = found["output"]
    parts = [part for item in output if item["type"] == "message" for part in item["content"]]
    text = "".join(part["text"] for part in parts if part["type"] == "output_text")
    refusal = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
    thoughts = [part["text"] for item in output if item["type"] == "reasoning" for part in item.get("summary", ())]
    calls = tuple(_call(item) for item in output if item["type"] == "function_call")
    logprobs = [one for part in parts for one in part.get("logprobs") or ()]
    ended = "stop" if found["status"] == "completed" else _ENDS.get((found["incomplete_details"] or {})["reason"])
    if found["status"] not in ("completed", "incomplete") or not (parts or calls or ended == "length"):
        return None
    finish = "tool_calls" if calls and ended == "stop" else ended
    return _whole(text, finish, refusal, "\n".join(thoughts), calls, logprobs or None)


def _whole(
    text: Any, finish: Any, refusal: Any, reasoning: Any, tool_calls: tuple[ToolCall, ...], logprobs: Json
) -> _Said | None:
    """All strings, with a reason for the end; None where one is anything else."""
    texts = (text, finish, refusal, reasoning)
    if not finish or not all(value is None or isinstance(value, str) for value in texts):
        return None
    return _Said(text or "", finish, refusal or "", reasoning or "", tool_calls, logprobs)


def refused(status: int, body: bytes, headers: Mapping[str, str], request: Question, *, now: float) -> Answer:
    """Any other status as an Answer; `now` is the wall clock in seconds, for a Retry-After that is a date."""
    code, message = _error(body)
    wait = retry_after_s(headers, now=now)
    return Answer(request.id, _ended(status, code, message), error=message, status=status, retry_after_s=wait)


def _ended(status: int, code: str, message: str) -> Ended:
    if code in _NO_ACCESS or status in (401, 402, 404) or 300 <= status < 400:
        return Ended.NO_ACCESS  # a 404 is a model or a path that is not there, for any row; so is a redirect
    if status == 403:
        return Ended.REFUSED if "moderation" in message.lower() or "flagged" in message.lower() else Ended.NO_ACCESS
    if status == 429:
        return Ended.RATE_LIMITED
    return Ended.OVERLOADED if status >= 500 or status in (408, 409, 425) else Ended.REFUSED


def retry_after_s(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds from `retry-after-ms` or `retry-after` (a number or an HTTP date); None if absent or absurd.

    Over an hour is taken as an hour: the run then says what it waits for instead of sleeping a week.
    """
    try:
        if (ms := headers.get("retry-after-ms")) is not None:
            seconds = float(ms) / 1000
        elif (given := headers.get("retry-after")) is not None:
            seconds = float(given) if given.strip().replace(".", "", 1).isdigit() else _date_s(given, now)
        else:
            return None
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_S) if math.isfinite(seconds) else None


def _date_s(given: str, now: float) -> float:
    when = email.utils.parsedate_to_datetime(given)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now  # HTTP's dates are GMT, said or not


def _json(body: bytes) -> Any:
    """The body's value. orjson is strict about UTF-8, as it should be, and about half an emoji, which models do send."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body.decode("utf-8"))


def _error(body: bytes) -> tuple[str, str]:
    """(code, message) of an error body in any of the shapes that servers give it."""
    try:
        found = _json(body)
    except (ValueError, RecursionError):
        return "", _shown(body)
    found = found[0] if isinstance(found, list) and found else found
    inner = found.get("error", found) if isinstance(found, dict) else found
    if not isinstance(inner, dict):
        return "", str(inner)[:_KEEP_CHARS]
    message = inner.get("message") or inner.get("detail") or _shown(body)
    return str(inner.get("code") or inner.get("type") or ""), str(message)[:_KEEP_CHARS]


def _shown(body: bytes) -> str:
    return body[:_KEEP_CHARS].decode("utf-8", "replace")


_OF_PROMPT = ("prompt_tokens_details", "input_tokens_details")
_OF_COMPLETION = ("completion_tokens_details", "output_tokens_details")


def _usage(found: Any, request: Question, said: _Said) -> Usage:
    """The endpoint's own counts; where it gives none that make sense, tiktoken's, marked as estimated."""
    if isinstance(found, dict):
        prompt = found.get("prompt_tokens", found.get("input_tokens"))
        completion = found.get("completion_tokens", found.get("output_tokens"))
        if _count(prompt) and _count(completion):
            cached = _detail(found, _OF_PROMPT, "cached_tokens")
            written = _detail(found, _OF_PROMPT, "cache_write_tokens")
            thought = _detail(found, _OF_COMPLETION, "reasoning_tokens")
            if thought and found.get("total_tokens") == prompt + completion + thought:
                completion += thought  # some servers count them beside the completion's, and bill both
            cached = min(cached, prompt)
            return Usage(prompt, completion, cached, min(written, prompt - cached), min(thought, completion))
    counted = tokens.count(said.text) + sum(tokens.count(call.name + call.arguments) for call in said.tool_calls)
    return Usage(tokens.count_messages(request.turns), counted, measured=False)


def _detail(usage: Mapping[str, Any], groups: Sequence[str], name: str) -> int:
    for group in groups:
        details = usage.get(group)
        if isinstance(details, dict):
            value = details.get(name)
            return value if _count(value) else 0
    return 0


def _count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
