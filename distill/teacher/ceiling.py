"""The most that a call can use: what is reserved of the budget and of the pace before it is sent."""

from __future__ import annotations

from distill import tokens
from distill.records import Request, Usage, canonical


def ceiling(request: Request) -> Usage:
    """The most a call can use: its prompt as counted here, and every output token it allows."""
    forms = [request.body[name] for name in ("response_format", "text", "tools") if request.body.get(name)]
    prompt = tokens.count_messages(request.turns) + sum(tokens.count(canonical(form)) for form in forms)
    return Usage(prompt, request.max_tokens or 4096, measured=False)
