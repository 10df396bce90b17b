"""Until when a tune answers, and what its answers cost.

The host's own word goes before the table of hosts. Prices of tuned models are those of OpenAI's price list, dollars a million
tokens; hosts charge more for a tuned model than for its base, so a base's price is never taken for it.
"""

from __future__ import annotations

from datetime import date

from distill import url
from distill.money import Rate
from distill.student.preflight import hosts

_PRICES = {
    "gpt-4o-mini": Rate(0.3, 1.2, 0.15), "gpt-4o": Rate(3.75, 15.0, 1.875), "gpt-4.1": Rate(3.0, 12.0, 0.75),
    "gpt-4.1-mini": Rate(0.8, 3.2, 0.2), "gpt-4.1-nano": Rate(0.2, 0.8, 0.05), "gpt-3.5-turbo": Rate(3.0, 6.0),
}  # fmt: skip


def last_day(model: str, base: str, base_url: str | None, told: str | None) -> date | None:
    """The day on which a tune goes dark; None where nobody knows one."""
    if (said := _day(told)) is not None:
        return said
    host = hosts.at(base_url)
    known = hosts.base_of(host, model) or hosts.base_of(host, base)
    return known.shutdown if known else None


def rate_of(model: str, base: str, base_url: str | None) -> Rate | None:
    """What an answer of a tune costs: nothing on a server of one's own, the table's price at OpenAI, else nobody knows."""
    if base_url is not None and url.own(base_url):
        return Rate(0.0, 0.0)
    if hosts.at(base_url).name != "openai":
        return None
    bare = model.removeprefix("ft:") if model.startswith("ft:") else base
    fits = [name for name in _PRICES if bare == name or bare.startswith((f"{name}-2", f"{name}:"))]
    return _PRICES[max(fits, key=len)] if fits else None


def _day(told: str | None) -> date | None:
    try:
        return date.fromisoformat(told[:10]) if told else None
    except ValueError:
        return None
