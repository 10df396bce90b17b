"""What feedback has shown, as values: each row of it is joined, said before, on a call that a later row speaks of too, or dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from distill.stats import Estimate

REASONS: Mapping[str, str] = {
    "unknown": "of no call that is kept",
    "ambiguous": "of an id that several calls have",
    "no_id": "without the id of a call",
    "no_verdict": "neither right or wrong nor a corrected answer",
    "bad_correction": "a corrected answer that is none of the task's",
    "torn": "no JSON, or cut off",
    "too_long": "a line, or an object, that is too long to be read",
    "unreadable_file": "the file cannot be read from there on",
}
"""Why a row of feedback is joined to no call."""


@dataclass(frozen=True, slots=True)
class DroppedFeedback:
    """A row that is joined to no call, and why."""

    place: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class DayAccuracy:
    """The calls of a day that somebody judged, and how many of them were right."""

    day: str
    right: Estimate


@dataclass(frozen=True, slots=True)
class FeedbackFigures:
    """`rows` = `new` + `changed` + `again` + `superseded` + all that is `dropped`; `accuracy` is over every call that was ever judged."""

    rows: int = 0
    new: int = 0
    """Calls that nobody had judged before."""
    changed: int = 0
    """Calls that were judged otherwise before."""
    again: int = 0
    """Rows that say what was known."""
    superseded: int = 0
    """Rows on a call of which something was said that counts more: later, or with the corrected answer."""
    earlier: int = 0
    """Calls, among the new ones, that the student of another run answered: they are in no figure of this one."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    examples: Sequence[DroppedFeedback] = ()
    """The first few of each reason."""
    accuracy: Estimate | None = None
    days: Sequence[DayAccuracy] = ()
    own: Estimate | None = None
    """Answers of the student to the run's test rows that were wholly right, where these have known answers."""
    kept: int = 0
    """Calls that wait for feedback, or have it."""
    without_id: int = 0
    """Calls of this look that no feedback can name."""
