"""Where the student's own answers end: the lowest confidence down to which their error rate is shown to be at most `risk`.

Rows are put in order, the surest first, and prefixes of them are tested from the shortest to the longest, each by Clopper and
Pearson's bound; the first that fails ends it, and the last that held gives the threshold (fixed-sequence testing, Bauer 1991; Learn
then Test, Angelopoulos and others 2021). The lengths depend on `risk` and on the number of rows alone. Many looks then cost
nothing: for a threshold that is too low to be taken, the test of the first such one has to fail to fail, once in 20. To sweep all
thresholds and take the widest whose bound is low enough is another thing, and breaks the risk more often than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from distill.evaluate.selective import bound

_START = 1 / 3
"""Share of the rows that the first test takes, where this leaves it room for an error."""
_STEP = 1 / 20
"""Share of the rows by which each further test goes on."""


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """How sure the student is of a row, from 0 to 1, and whether its answer is wrong. A row of 0 is never its own."""

    confidence: float
    wrong: bool


@dataclass(frozen=True, slots=True)
class ConfidenceThreshold:
    """Answers above `confidence` are kept. `rows`, `kept` and `errors` are those of the calibration; `bound` is the error rate that
    is not exceeded, at 95 %. Where nothing is kept `confidence` is 1, and `rows_needed` says how many rows most likely would do.
    """

    confidence: float
    rows: int
    kept: int
    errors: int
    bound: float | None
    rows_needed: int | None = None

    @property
    def coverage(self) -> float:
        """Share of the calibration rows that are kept."""
        return self.kept / self.rows if self.rows else 0.0


def threshold(judged: Sequence[JudgedRow], risk: float) -> ConfidenceThreshold:
    """The threshold that these rows show, in any order."""
    ordered = sorted(judged, key=lambda row: -row.confidence)
    ordered = [row for row in ordered if row.confidence > 0]
    errors = list(accumulate((row.wrong for row in ordered), initial=0))
    held = 0
    for length in lengths(len(judged), risk):
        end = _whole_tie(ordered, length)
        if end < length or not bound.within(errors[end], end, risk):
            break
        held = end
    if held == 0:
        return ConfidenceThreshold(1.0, len(judged), 0, 0, None, _needed(len(judged), errors, risk))
    limit = ordered[held].confidence if held < len(ordered) else 0.0
    return ConfidenceThreshold(limit, len(judged), held, errors[held], bound.upper(errors[held], held))


@lru_cache(maxsize=64)
def lengths(rows: int, risk: float) -> Sequence[int]:
    """The prefixes that are tested of so many rows, ascending; none where even rows without an error would be too few."""
    first = errors = 0
    while (length := bound.least_rows(errors, risk)) <= max(bound.least_rows(0, risk), rows * _START):
        first, errors = length, errors + 1
    if first > rows:
        return []
    step = max(1, round(rows * _STEP))
    return [*range(first, rows, step), rows]


def _whole_tie(ordered: Sequence[JudgedRow], length: int) -> int:
    """The end of a prefix with all rows that are as sure as its last; too short where there are not so many."""
    end = min(length, len(ordered))
    while 0 < end < len(ordered) and ordered[end].confidence == ordered[end - 1].confidence:
        end += 1
    return end


def _needed(rows: int, errors: Sequence[int], risk: float) -> int | None:
    """Calibration rows of which the surest would most likely show it, by the error rates that were seen (half an error more, for
    what few rows cannot tell); None where each is above the risk.
    """
    found = [
        round(needed * rows / kept)
        for kept in range(max(10, rows // 10), len(errors), max(1, rows // 20))
        if (needed := bound.rows_to_show((errors[kept] + 0.5) / (kept + 1), risk)) is not None
    ]
    return max(min(found), rows + 1, bound.least_rows(0, risk)) if found else None
