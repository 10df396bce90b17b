"""The shapes a row takes on its way, and their ids.

An id is a hash of content, never of a position, a clock or a key:

    Seed      blake2b(fields)                      → "3f9c0a…" (16 hex digits)
    Request   blake2b(endpoint identity, body, draw number)
    Answer    belongs to one Request; kept once, for ever, in the answer store
    Sample    a seed and an accepted answer (a row of samples.parquet, see curate/)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from distill import finish_reason as finish

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with string keys."""


DEEPEST = 64
"""Levels of nesting that are read; beyond it recursive readers (ours and the student's users') may fail."""


def canonical(value: Json) -> str:
    """The one spelling of a JSON value: sorted keys, no spaces. What orjson refuses (half an emoji, a huge integer)
    goes as ASCII escapes."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def content_id(*parts: Json, digits: int = 16) -> str:
    """Hex digest of the canonical form of `parts`; equal for equal content, on any machine and Python."""
    digest = hashlib.blake2b(canonical(list(parts)).encode(), digest_size=digits // 2)
    return digest.hexdigest()


def list_id(values: Iterable[Json]) -> str:
    """The `content_id` of a list of values that are looked at, and spelt, one by one: they need not fit in memory."""
    digest = hashlib.blake2b(b"[[", digest_size=8)
    for place, value in enumerate(values):
        digest.update((("," if place else "") + canonical(value)).encode())
    digest.update(b"]]")
    return digest.hexdigest()


GOLD = -1
"""The `teacher` of a sample whose answer is its seed's known one; those that are asked are numbered from 0."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One input row. `fields` are the prompt's variables, `labels` the stratum's, `line` where it stood, `group` what it came
    from (a ticket, a customer, a document), which keeps to one side of every split; empty where nothing is said of it."""

    fields: Mapping[str, Json]
    labels: Mapping[str, str] = field(default_factory=dict)
    gold: Mapping[str, Json] | None = None
    line: int = 0
    source: str = ""
    group: str = ""
    own_id: str = ""
    """What the row's own file calls it."""
    kept: Mapping[str, Json] = field(default_factory=dict)
    """Further columns of the row's own, which nothing reads."""

    @property
    def id(self) -> str:
        return content_id(dict(self.fields))


LIMIT_NAMES = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""What a body calls the most tokens of an answer, by API and endpoint."""


@dataclass(frozen=True, slots=True)
class Request:
    """Exactly what is sent: the endpoint's identity (never its key), the JSON body, and which draw it is."""

    endpoint: str
    body: Mapping[str, Json]
    draw: int = 0
    id: str = field(init=False, compare=False)

    @property
    def turns(self) -> list[dict[str, Json]]:
        """The conversation, whichever API the body is for."""
        return list(self.body.get("messages") or self.body.get("input") or [])

    @property
    def max_tokens(self) -> int | None:
        """The most tokens that the answer may have, None where the body does not say."""
        return next((int(self.body[name]) for name in LIMIT_NAMES if self.body.get(name)), None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", content_id(self.endpoint, dict(self.body), self.draw, digits=32))


class Ended(StrEnum):
    """Why an attempt ended."""

    OK = "ok"  #                       a whole answer with a finish reason
    RATE_LIMITED = "rate_limited"  #   429; the endpoint asks for patience
    OVERLOADED = "overloaded"  #       5xx, or a fault that passes under any other status
    CONNECTION = "connection"  #       no connection; nothing was sent
    TIMEOUT = "timeout"  #             sent, and no whole answer in time; it may be billed
    BROKEN = "broken"  #               sent, and the line broke; it may be billed
    MALFORMED = "malformed"  #         a 200 whose body is no whole answer, or whose generation failed; it may be billed
    REFUSED = "refused"  #             400, 413, 422, or its content: this request will never be taken
    NO_ACCESS = "no_access"  #         key, quota, model or address: no request will be taken
    EXPIRED = "expired"  #             its batch ended before its turn; not billed

    @property
    def retryable(self) -> bool:
        return self in _RETRYABLE

    @property
    def maybe_billed(self) -> bool:
        """Whether the endpoint may charge for an attempt that gave us nothing."""
        return self in _MAYBE_BILLED


_MAYBE_BILLED = frozenset({Ended.TIMEOUT, Ended.BROKEN, Ended.MALFORMED})
_RETRYABLE = _MAYBE_BILLED | {Ended.RATE_LIMITED, Ended.OVERLOADED, Ended.CONNECTION, Ended.EXPIRED}


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `measured` is False where the endpoint gave none and tiktoken estimated them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt's, read from the endpoint's cache."""
    cache_write_tokens: int = 0
    """Of the prompt's, written to it, which some endpoints charge for."""
    reasoning_tokens: int = 0
    """Of the completion's, thought and not said."""
    measured: bool = True


def too_deep(value: Json) -> bool:
    """Whether a value is nested deeper than DEEPEST levels, where recursive readers and writers fail; walked without recursion."""
    layer = [value]
    for _ in range(DEEPEST + 1):
        groups = (one.values() if isinstance(one, dict) else one for one in layer if isinstance(one, dict | list))
        layer = [child for group in groups for child in group]
        if not layer:
            return False
    return True


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model asks for; `arguments` is JSON as the model wrote it, which need not be valid."""

    name: str
    arguments: str

    @property
    def plain(self) -> dict[str, Json]:
        """{"name": …, "arguments": {…}}; arguments that are no JSON stay a text."""
        try:
            value = orjson.loads(self.arguments)
        except ValueError:
            value = self.arguments
        return {"name": self.name, "arguments": self.arguments if too_deep(value) else value}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a request. Only `ended == OK` is ever replayed; the rest is pending again."""

    request_id: str
    ended: Ended
    text: str = ""
    finish_reason: str = ""
    """A word of distill.finish_reason; an endpoint's own where that table does not know it."""
    usage: Usage = Usage()
    usd: float = 0.0
    latency_s: float = 0.0
    model: str = ""
    refusal: str = ""
    reasoning: str = ""
    error: str = ""
    status: int = 0
    retry_after_s: float | None = None
    limits: Mapping[str, str] = field(default_factory=dict, compare=False)
    raw: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: Json = None

    @property
    def ok(self) -> bool:
        return self.ended is Ended.OK

    @property
    def counted(self) -> bool:
        """Whether the endpoint says what the attempt used, whatever came of it."""
        return self.usage.measured and self.usage.prompt_tokens + self.usage.completion_tokens > 0

    @property
    def declined(self) -> bool:
        """Whether the endpoint itself says that the model declined: paid for and kept, and it never trains."""
        return bool(self.refusal) or self.finish_reason == finish.FILTERED

    @property
    def said(self) -> str:
        """What counts as the answer, as one text: the text itself, or {"content": …, "tool_calls": […]} as JSON."""
        if not self.tool_calls:
            return self.text
        return canonical({"content": self.text or None, "tool_calls": [call.plain for call in self.tool_calls]})


@dataclass(frozen=True, slots=True)
class Score:
    """One metric's value in 0..1 with the reason behind it; a metric that cannot judge raises, never returns 0."""

    value: float
    reason: str = ""
