"""What is known of a task before anything is built, and what is asked for it: each answer may stay unknown, and none is guessed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from distill.advise.price import read_price
from distill.errors import UsageError
from distill.records import Usage

TROUBLES = ("price", "latency", "quality", "format", "privacy")
TRIED = ("prompt", "few-shot", "structured", "rag")
CHANGES = {"never": 0.0, "yearly": 1.0, "quarterly": 4.0, "monthly": 12.0, "weekly": 52.0, "daily": 365.0}
_MILLION = 1_000_000


class TokenPrice(NamedTuple):
    """Dollars for a million tokens."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class Situation:
    """The answers; None is unknown. Tokens are of one call."""

    calls_a_day: float | None = None
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    price: TokenPrice | None = None
    """Of the model that answers today."""
    wrong: frozenset[str] | None = None
    """Of TROUBLES; empty where nothing is wrong."""
    tried: frozenset[str] | None = None
    """Of TRIED, and not enough."""
    rows: float | None = None
    """Inputs of the task that are at hand."""
    labelled: float | None = None
    """Of those, with an answer that is known to be right."""
    changes: float | None = None
    """Times a year that the task itself becomes another."""
    facts: bool | None = None
    """Whether right answers need facts that change, such as stock or prices."""
    kinds: float | None = None
    """How many answers there are; 0 where they are free text."""


class Question(NamedTuple):
    """One answer that is asked for: its option, the words, how a text is read, and answers that stand for the range of it."""

    option: str
    asked: str
    read: Callable[[str], Any]
    """Of any type that the field of Situation has; ValueError says what was expected."""
    tries: Mapping[str, Any]
    """In words → the value."""


def _count(text: str) -> float:
    value = float(text.replace(",", "").replace("_", ""))
    if not 0 <= value < math.inf:
        raise ValueError
    return value


def _kinds(text: str) -> float:
    return 0.0 if text.strip().lower() == "free" else _count(text)


def _named(known: tuple[str, ...], none: str) -> Callable[[str], frozenset[str]]:
    def read(text: str) -> frozenset[str]:
        words = frozenset(word.strip().lower() for word in text.split(",") if word.strip())
        if words == {none}:
            return frozenset()
        if not words or not words <= set(known):
            raise ValueError
        return words

    return read


def _changes(text: str) -> float:
    return CHANGES[text.strip().lower()]


def _yes(text: str) -> bool:
    return {"yes": True, "y": True, "no": False, "n": False}[text.strip().lower()]


def _price(text: str) -> TokenPrice:
    price = read_price(text, "--price")
    if price is None:
        raise ValueError
    return TokenPrice(price(Usage(_MILLION, 0)), price(Usage(0, _MILLION)))


QUESTIONS: dict[str, Question] = {
    "wrong": Question(
        "--wrong", "What is wrong today? nothing, or any of price, latency, quality, format, privacy", _named(TROUBLES, "nothing"),
        {"nothing": frozenset(), **{one: frozenset({one}) for one in TROUBLES}},
    ),
    "tried": Question(
        "--tried", "What was tried already and did not do? nothing, or any of prompt, few-shot, structured, rag", _named(TRIED, "nothing"),
        {"nothing": frozenset(), "all of it": frozenset(TRIED)},
    ),
    "calls_a_day": Question("--calls-a-day", "How many answers a day are needed? a number", _count, {"10": 10.0, "1,000,000": 1e6}),
    "prompt_tokens": Question("--prompt-tokens", "How long is a prompt? tokens of one call", _count, {"50": 50.0, "10,000": 1e4}),
    "completion_tokens": Question("--completion-tokens", "How long is an answer? tokens of one call", _count, {"5": 5.0, "2,000": 2e3}),
    "price": Question(
        "--price", "Which model answers today? its name, or dollars a million tokens as IN/OUT, say 2.5/10", _price,
        {"0.05/0.2": TokenPrice(0.05, 0.2), "10/40": TokenPrice(10, 40)},
    ),
    "rows": Question("--rows", "How many inputs of the task are at hand? a number", _count, {"none": 0.0, "10,000": 1e4}),
    "labelled": Question("--labelled", "How many of them have an answer that is known to be right? a number", _count, {"none": 0.0, "1,000": 1e3}),
    "changes": Question(
        "--changes", "How often does the task itself change? never, yearly, quarterly, monthly, weekly or daily", _changes,
        {"never": 0.0, "weekly": 52.0},
    ),
    "facts": Question("--facts", "Do right answers need facts that change, such as stock or prices? yes or no", _yes, {"yes": True, "no": False}),
    "kinds": Question("--kinds", "How many different answers are there? a number, or free for free text", _kinds, {"2": 2.0, "free": 0.0}),
}  # fmt: skip
"""By the field of Situation that each answers, in the order in which they are asked."""


def situation(given: Mapping[str, str | None]) -> Situation:
    """The texts as answers; an empty or missing one is unknown. UsageError says what was expected."""
    return Situation(
        **{name: read_answer(name, text) for name, text in given.items() if text is not None and text.strip()}
    )


def read_answer(name: str, text: str) -> Any:
    """One answer from its text."""
    question = QUESTIONS[name]
    try:
        return question.read(text)
    except UsageError:
        raise
    except (ValueError, KeyError):
        expected = question.asked.split("? ", 1)[1]
        raise UsageError(f"{question.option} is {text[:80]!r}: expected {expected}") from None


def unanswered(known: Situation) -> list[str]:
    """The names of what is unknown, in the order of the questions."""
    missing = {one.name for one in fields(known) if getattr(known, one.name) is None}
    return [name for name in QUESTIONS if name in missing]
