"""The inputs of the sum that no run can measure: each has a default and a unit, and `distill roi --input NAME=VALUE` gives it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from distill.advise.quantity import Quantity
from distill.errors import UsageError
from distill.text.normalise import did_you_mean

QUARTER_DAYS = 91.25


@dataclass(frozen=True, slots=True)
class Assumption:
    """A default: its unit, and what it stands for."""

    value: float
    unit: str
    meaning: str


ASSUMPTIONS: dict[str, Assumption] = {
    "target_days": Assumption(90, "days", "by when it should have paid for itself"),
    "prompt_tokens_a_day": Assumption(50_000, "tokens a day", "prompts of the teacher, from which calls a day follow"),
    "shorter_prompts": Assumption(
        0.40, "share", "by how much a student's prompt is shorter, where it was not measured"
    ),
    "tuned_price_factor": Assumption(
        2.0, "× base", "price of a tuned model's token, where the host's own is not known"
    ),
    "repairs": Assumption(0.15, "share", "of the hours to build, which repairs of the student take again each quarter"),
    "hours": Assumption(16, "hours", "of people, to build and to check it"),
    "hourly_usd": Assumption(60, "$ an hour", "of people"),
    "retrainings": Assumption(1, "a quarter", "how often it is trained again"),
    "fresh_data": Assumption(0.25, "share", "of data and judging that each retraining buys again"),
    "retrain_hours": Assumption(2, "hours", "of people, for each retraining"),
    "hosting_usd_an_hour": Assumption(0.10, "$ an hour", "of one machine, for a student and a training of one's own"),
}
"""Name → its default. Prices of hosting and hours are plain guesses of an order of magnitude: give your own."""


def quantity(name: str, given: Mapping[str, float | None]) -> Quantity:
    """An input by its name: given, or the default."""
    known = ASSUMPTIONS[name]
    value = given.get(name)
    if value is None:
        return Quantity(name, known.value, known.unit, "default", known.meaning)
    return Quantity(name, value, known.unit, "given", known.meaning)


MEASURED = ("calls_a_day", "coverage", "data_usd", "judging_usd", "training_usd", "evaluation_usd")
"""Inputs that a run may have measured, and that may be given instead."""
_SHARES = ("shorter_prompts", "coverage", "fresh_data")
_ABOVE = ("calls_a_day", "target_days", "prompt_tokens_a_day")


def read_inputs(given: Sequence[str]) -> dict[str, float]:
    """`NAME=VALUE` of each; UsageError names what there is, or what the value must be."""
    return {name: _number(name, text) for name, text in named(given, (*ASSUMPTIONS, *MEASURED))}


def named(given: Sequence[str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """(name, text of the value) of each `NAME=VALUE`; UsageError where the name is none of the known ones."""
    for one in given:
        name, sign, text = one.partition("=")
        name = name.strip()
        if not sign or name not in known:
            raise UsageError(f"--input {one[:80]!r}: expected NAME=VALUE with a known name{did_you_mean(name, known)}")
        yield name, text


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    most = 1.0 if name in _SHARES else 1e12
    if not 0 <= value <= most or (name in _ABOVE and not value):
        wanted = (
            "a share from 0 to 1" if name in _SHARES else f"a number {'above' if name in _ABOVE else 'not below'} 0"
        )
        raise UsageError(f"--input {name}={text[:40]}: expected {wanted}")
    return value
