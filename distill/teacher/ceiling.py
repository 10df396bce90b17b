"""The most that a call can use: what is reserved of the budget and of the pace before it is sent."""

from __future__ import annotations

import asyncio

from distill import tokens
from distill.records import Request, Usage, canonical


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
