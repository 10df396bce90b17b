"""Requests: a row or a conversation as what one model is sent, and the most tokens that a request can use."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from distill.chat import conversation
from distill.chat.templates import Template
from distill.records import LIMIT_NAMES, Json, Request, Usage, canonical
from distill.teacher.endpoint.address import Address
from distill.teacher.endpoint.payload import RequestSettings, body
from distill.text import tokens

if TYPE_CHECKING:
    from distill.spec import Sampling


def row_request(
    fields: Mapping[str, Json], *, template: Template, address: Address, sampling: Sampling,
    output: Mapping[str, Json] | None = None, tools: Sequence[Mapping[str, Json]] = (), draw: int = 0, own: bool = False,
) -> Request:  # fmt: skip
    """One row's request to one model; `own`: with what the row itself is asked with, if it brings some."""
    turns, brought = template.fill(fields), fields.get(conversation.REQUEST) if own else None
    return chat_request(turns, address=address, sampling=sampling, output=output, tools=tools, draw=draw, own=brought)


def chat_request(
    turns: Sequence[Mapping[str, Json]], *, address: Address, sampling: Sampling,
    output: Mapping[str, Json] | None = None, tools: Sequence[Mapping[str, Json]] = (), draw: int = 0,
    own: Mapping[str, Json] | None = None,
) -> Request:  # fmt: skip
    """A conversation as a request to one model; `own` is what its row is asked with, before the task's tools."""
    settings = RequestSettings(
        model=address.model, dialect=address.dialect, max_tokens=sampling.max_tokens, temperature=sampling.temperature,
        top_p=sampling.top_p, seed=None if sampling.seed is None else sampling.seed + draw, output=output, tools=tools,
        extra=sampling.extra, own=own or {},
    )  # fmt: skip
    return Request(address.identity, body(turns, settings), draw)


def raised(asked: Request, raise_to: int) -> Request:
    """The request with another limit on the tokens of its answer, for one that was cut off."""
    limit = next(name for name in LIMIT_NAMES if name in asked.body)
    return Request(asked.endpoint, {**asked.body, limit: raise_to}, asked.draw)


def ceiling(request: Request) -> Usage:
    """The most a call can use: its prompt as counted here, and every output token it allows.

    A text that the tokeniser fails on counts as its bytes: no vocabulary makes more tokens of it.
    """
    forms = [request.body[name] for name in ("response_format", "text", "tools") if request.body.get(name)]
    try:
        prompt = tokens.count_messages(request.turns) + sum(tokens.count(canonical(form)) for form in forms)
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - the tokeniser is Rust: its panics are no Exception
        prompt = len(canonical(dict(request.body)).encode("utf-8", "surrogatepass"))
    return Usage(prompt, request.max_tokens or 4096, measured=False)
