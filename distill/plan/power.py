"""What the test rows of a plan can tell: said before they are paid for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from distill.stats.power import POWER, decidable_margin, decided_share, required_rows

DIFFERING = 0.1
"""Share of rows on which a student as good as its teacher is right alone or wrong alone; a guess until they are compared."""


@dataclass(frozen=True, slots=True)
class PowerNote:
    """Of students that are in truth as good as the teacher, how many so many test rows would decide, and what would decide more."""

    test_rows: int
    margin: float
    differing: float
    decided: float
    """The share of such students that does not stay undecided."""
    rows_for_most: int | None
    """Test rows at which four of five are decided; None where no number is enough, as with a margin of 0."""
    margin_for_most: float
    """The margin at which these test rows decide four of five."""


def power_note(test_rows: int, margin: float) -> PowerNote | None:
    """None where there is nothing to compare."""
    if test_rows < 1:
        return None
    rows = required_rows(math.sqrt(DIFFERING), margin)
    return PowerNote(
        test_rows=test_rows, margin=margin, differing=DIFFERING, decided=round(decided_share(test_rows, margin, DIFFERING), 3),
        rows_for_most=math.ceil(rows) if math.isfinite(rows) else None, margin_for_most=decidable_margin(test_rows, DIFFERING),
    )  # fmt: skip


def enough(note: PowerNote) -> bool:
    """Whether most are decided."""
    return note.decided >= POWER
