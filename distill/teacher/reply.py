"""What came over the line, read as an Answer: whole chat completions, refusals of every kind, and anything else.

Endpoints send much that is no answer with status 200: HTML, no choices, no finish reason, an error object. Only a whole
chat completion that says why it ended counts as one; all else is `malformed` and is never an empty answer.
"""

from __future__ import annotations

import email.utils
import json
import math
from collections.abc import Mapping
from typing import Any, TypeGuard

import orjson

from distill import tokens
from distill.money import Price
from distill.records import Answer, Ended, Request, Usage

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


def read(body: bytes, request: Request, *, price: Price | None) -> Answer:
    """A 200's body as an Answer: OK only for a whole answer that says why it ended."""
    try:
        found = _json(body)
        said = _response(found) if found.get("object") == "response" else _completion(found)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        said = None
    if said is None:
        return Answer(request.id, Ended.MALFORMED, status=200, error=f"no whole answer: {_shown(body)!r}")
    usage = _usage(found.get("usage"), request, said["text"])
    return Answer(
        request.id, Ended.OK, said["text"], said["finish_reason"], usage, price(usage) if price else 0.0, status=200,
        model=str(found.get("model") or ""), refusal=said["refusal"], reasoning=said["reasoning"],
        raw=body.decode("utf-8", "replace"),
    )  # fmt: skip


def _completion(found: Mapping[str, Any]) -> dict[str, str] | None:
    """text, finish_reason, refusal and reasoning of a chat completion; None or an error for anything else."""
    choice = found["choices"][0]
    message, finish = choice["message"], choice["finish_reason"]
    content, refusal = message.get("content"), message.get("refusal")
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    if content is None and not refusal and not message.get("tool_calls"):
        return None
    return _texts(text=content, finish_reason=finish, refusal=refusal, reasoning=reasoning)


_ENDS = {"max_output_tokens": "length", "content_filter": "content_filter"}


def _response(found: Mapping[str, Any]) -> dict[str, str] | None:
    """The same of a Responses API object, in the words of a chat completion."""
    parts = [part for item in found["output"] if item["type"] == "message" for part in item["content"]]
    text = "".join(part["text"] for part in parts if part["type"] == "output_text")
    refusal = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
    thoughts = [
        part["text"] for item in found["output"] if item["type"] == "reasoning" for part in item.get("summary", ())
    ]
    ended = "stop" if found["status"] == "completed" else _ENDS.get((found["incomplete_details"] or {})["reason"])
    if found["status"] not in ("completed", "incomplete") or not (parts or ended == "length"):
        return None
    return _texts(text=text, finish_reason=ended, refusal=refusal, reasoning="\n".join(thoughts))


def _texts(**given: Any) -> dict[str, str] | None:
    """All strings, with a reason for the end; None where one is anything else."""
    whole = bool(given["finish_reason"]) and all(value is None or isinstance(value, str) for value in given.values())
    return {name: value or "" for name, value in given.items()} if whole else None


def refused(status: int, body: bytes, headers: Mapping[str, str], request: Request, *, now: float) -> Answer:
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
    return email.utils.parsedate_to_datetime(given).timestamp() - now


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


def _usage(found: Any, request: Request, text: str) -> Usage:
    """The endpoint's own counts; where it gives none that make sense, tiktoken's, marked as estimated."""
    if isinstance(found, dict):
        prompt = found.get("prompt_tokens", found.get("input_tokens"))
        completion = found.get("completion_tokens", found.get("output_tokens"))
        if _count(prompt) and _count(completion):
            details = found.get("prompt_tokens_details") or found.get("input_tokens_details")
            cached = details.get("cached_tokens") if isinstance(details, dict) else 0
            return Usage(prompt, completion, min(cached, prompt) if _count(cached) else 0)
    return Usage(tokens.count_messages(request.turns), tokens.count(text), 0, measured=False)


def _count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
