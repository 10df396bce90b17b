"""What a probe found: a number with its rows and interval, the threshold, and whether that is passed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from distill.stats import FEW, Estimate
from distill.stats.power import fewest_rows
from distill.text.percentages import percent, signed

ProbeUnit = Literal["share", "points", "ratio", "nats"]
"""share: 0 to 1; points: hundredths of a share; ratio: of the teacher's; nats: loss a token."""
Bound = Literal["at most", "at least"]
_MOST = 100_000
"""Rows beyond which more are no advice."""
SHOWN = 3
"""Examples of a probe, at most."""


@dataclass(frozen=True, slots=True)
class ProbeExample:
    """One row that speaks against the student."""

    row: str
    asked: str
    said: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One number of a probe; `low` and `high` are the ends of its 95 % interval, None where it has none."""

    probe: str
    name: str
    measure: str
    """What the number is, in words."""
    unit: ProbeUnit
    value: float | None
    """None where nothing could be measured; the reason says why."""
    low: float | None
    high: float | None
    n: int
    threshold: float
    bound: Bound
    passed: bool | None
    """None where the interval reaches over the threshold, or the rows are too few."""
    reason: str
    examples: list[ProbeExample] = field(default_factory=list)

    def shown(self, value: float | None) -> str:
        """A value in the unit of the result; a dash where there is none."""
        if value is None:
            return "\u2013"
        match self.unit:
            case "share":
                return percent(value)
            case "points":
                return signed(value / 100)
        return f"{value:.2f}"

    @property
    def failed(self) -> bool:
        return self.passed is False

    @property
    def word(self) -> str:
        if self.passed is None and self.value is not None and within(self.value, self.threshold, self.bound):
            return "not shown"
        return {True: "passed", False: "failed", None: "cannot tell"}[self.passed]


@dataclass(frozen=True, slots=True)
class ProbeQuestion:
    """What a result is about, before it is measured."""

    probe: str
    name: str
    measure: str
    unit: ProbeUnit
    threshold: float
    bound: Bound = "at most"

    def unmeasured(self, reason: str) -> ProbeResult:
        """No number: `reason` says why."""
        return self._result(None, None, None, 0, passed=None, reason=reason)

    def answered(self, found: Estimate, reason: str, examples: Sequence[ProbeExample] = ()) -> ProbeResult:
        """Passed where the whole interval is within the threshold, failed where all of it is beyond; else the rows do not show it.

        `found` is in the unit of the question.
        """
        passed, why = self._judged(found), reason
        if found.n < FEW:
            passed, why = None, f"{reason}; {found.n} rows are too few to tell"
        elif passed is None and within(found.mean, self.threshold, self.bound):
            why = f"{reason}; the interval reaches over the threshold, so it is not shown: about {self._needed(found):,} rows like these would"
        elif passed is None:
            why = f"{reason}; the interval reaches back over the threshold"
        shown = list(examples[:SHOWN]) if passed is not True else []
        return self._result(found.mean, found.low, found.high, found.n, passed=passed, reason=why, examples=shown)

    def measured_once(self, value: float, n: int, reason: str) -> ProbeResult:
        """A number without an interval, such as a loss of one training."""
        passed = within(value, self.threshold, self.bound)
        return self._result(value, None, None, n, passed=passed, reason=reason)

    def _judged(self, found: Estimate) -> bool | None:
        ends = [within(end, self.threshold, self.bound) for end in (found.low, found.high)]
        return True if all(ends) else None if any(ends) else False

    def _needed(self, found: Estimate) -> int:
        """Rows at which the whole interval most likely is within, were the number to stay."""
        per_row = {"share": 1.0, "points": 100.0}.get(self.unit)
        if found.mean == 0 and per_row is not None and self.bound == "at most":
            return max(fewest_rows(self.threshold / per_row), found.n + 1)
        end = found.high if self.bound == "at most" else found.low
        left = abs(self.threshold - found.mean)
        return min(_MOST, max(found.n + 1, math.ceil(found.n * ((end - found.mean) / left) ** 2))) if left else _MOST

    def _result(
        self, value: float | None, low: float | None, high: float | None, n: int, *, passed: bool | None, reason: str,
        examples: Sequence[ProbeExample] = (),
    ) -> ProbeResult:  # fmt: skip
        return ProbeResult(
            self.probe, self.name, self.measure, self.unit, value, low, high, n, self.threshold, self.bound, passed, reason,
            list(examples),
        )  # fmt: skip


def within(value: float, threshold: float, bound: Bound) -> bool:
    """Whether a number keeps to its threshold."""
    return value <= threshold if bound == "at most" else value >= threshold


def scaled(found: Estimate, by: float = 100.0) -> Estimate:
    """A share in points."""
    return Estimate(found.mean * by, found.low * by, found.high * by, found.n)
