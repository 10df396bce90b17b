"""What more test rows would decide, said so that it holds when the run is repeated."""

from __future__ import annotations

from typing import Literal

from distill.stats import RowsRange

OpenQuestion = Literal["", "keeps up", "helped"]
"""What more test rows would tell."""


def advice(question: OpenQuestion, needed: RowsRange | None, there: int) -> str:
    """One sentence; `there` are the rows that there are."""
    if not question or there < 2:
        return ""
    if needed is None:
        near = "Trained and untrained" if question == "helped" else "Student and teacher"
        limit = "each other" if question == "helped" else "the allowed loss"
        return f"{near} are so near {limit} that no sensible number of test rows would decide it."
    if needed.if_equal:
        return _if_equal(needed, there)
    if needed.high is None:
        return f"At least {max(needed.low, there + 1):,} test rows would be needed to decide it, and nobody can say how many more."
    return f"{_between(needed, there)} test rows would most likely decide it."


def still_open(needed: RowsRange | None, there: int) -> tuple[int | None, int | None]:
    """(the least, the most) rows that are more than there are; None where there is no such number."""
    if needed is None or (needed.high is not None and needed.high <= there):
        return None, None
    return max(needed.low, there + 1), needed.high


def _if_equal(needed: RowsRange, there: int) -> str:
    if needed.high is not None and needed.high <= there:
        return (
            f"For a student as good as the teacher {needed.high:,} test rows would most likely have been enough, so it probably loses a "
            "little; somewhat more rows, or a larger evaluate.margin, would tell."
        )
    said = f"{_between(needed, there)} test rows" if needed.high else f"At least {needed.low:,} test rows"
    return f"If student and teacher are in truth equally good, {said[0].lower()}{said[1:]} would most likely decide it; more if it loses a little."


def _between(needed: RowsRange, there: int) -> str:
    low = max(needed.low, there + 1)
    return f"About {needed.high:,}" if needed.high == low else f"Between {low:,} and {needed.high:,}"
