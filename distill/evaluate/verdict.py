"""Distil, do not distil, or undecided: the comparison in words that a manager can act on.

The question is non-inferiority: does the student lose less than `margin` to the teacher, on the same rows? On
top, training must have made the small model better than it was, and prompting it must not do as well for the
same effort. What the rows cannot tell is undecided, with the number of rows that would most likely tell. Strata in which the student fell are
named first. docs/verdict.md has the whole of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from distill.evaluate.evidence import ceiling, more_rows, wording
from distill.evaluate.evidence.more_rows import OpenQuestion
from distill.evaluate.evidence.seen import LUCK, Evidence
from distill.evaluate.evidence.strata import SHOWN, listed
from distill.evaluate.metrics.names import RIGHT, right_share
from distill.stats import FEW, Estimate, RowsRange
from distill.stats.power import fewest_rows
from distill.text.percentages import percent, points

Word = Literal["distil", "do not distil", "undecided", "dataset only", "not yet"]

_MISSING = 0.1  # share of test rows that may lack an answer before the comparison is called undecided
_NONE_RIGHT = 0.1
"""Share of the known answers that a teacher must have right for it to be any measure of a student."""


@dataclass(frozen=True, slots=True)
class ComparisonVerdict:
    """The word, the sentences behind it (the first is the headline), and the rows that would decide it, as a range."""

    word: Word
    sentences: list[str]
    rows_needed: int | None = None
    """At least so many test rows, more than there are."""
    rows_at_most: int | None = None
    """None where nobody can say."""
    exceptions: list[str] = field(default_factory=list)
    """Strata that the word does not hold for: there the student is clearly worse than the teacher."""


def verdict(seen: Evidence) -> ComparisonVerdict:
    """The first rule that applies gives the word and the headline; the numbers always follow."""
    if seen.to_teacher is None:
        headline = "Undecided: there are no test rows that both the student and the teacher answered."
        return ComparisonVerdict("undecided", [headline])
    word, headline, question = next((word, line(seen), asks) for applies, word, line, asks in _RULES if applies(seen))
    needed, there = _needed(seen, question)
    floor = wording.floor(seen)
    first = word == "distil" and seen.matched
    sentences = [
        headline,
        wording.numbers(seen),
        *(one.sentence for one in seen.fallen[:SHOWN]),
        floor if first else "",
        *([] if seen.gap.small else [wording.training(seen), wording.prompting(seen), "" if first else floor]),
        *ceiling.sentences(seen.limits),
        wording.agreeing(seen),
        wording.left_out(seen),
        more_rows.advice(question, needed, there),
    ]
    least, most = more_rows.still_open(needed, there) if question else (None, None)
    return ComparisonVerdict(
        word, [line for line in sentences if line], least, most, exceptions=[one.name for one in seen.fallen]
    )


def _needed(seen: Evidence, question: OpenQuestion) -> tuple[RowsRange | None, int]:
    """(the rows that would answer the question that is open, those that there are)."""
    if question == "helped":
        return seen.rows_for_gain, seen.to_base.n if seen.to_base else 0
    return seen.rows_needed, seen.gap.n


def _no_measure(seen: Evidence) -> bool:
    """The teacher is hardly ever right by the known answers, of the test rows or of its exam, and the student is not clearly better."""
    right = _right(seen)
    return (
        right is not None
        and not right.small
        and right.mean < _NONE_RIGHT
        and not (seen.metric in RIGHT and seen.gap.low > 0)
    )


def _right(seen: Evidence) -> Estimate | None:
    """How often the teacher is right, by the test rows, or where these do not tell by its exam."""
    if seen.metric in RIGHT:
        return seen.teacher
    own, exam = seen.known[1] if seen.known else None, seen.limits.correct if seen.limits else None
    return next((one for one in (own, exam) if one is not None and not one.small), None)


def _kept_up(seen: Evidence) -> bool:
    luck = seen.differing < LUCK and seen.gap.n < fewest_rows(seen.margin) and seen.gap.low <= 0
    return seen.gap.low > -seen.margin and not luck


def _unanswered(seen: Evidence) -> bool:
    return not seen.gap.small and seen.missing > _MISSING * seen.rows


def _untrained_as_good(seen: Evidence) -> bool:
    return seen.to_base is not None and not seen.to_base.small and seen.to_base.high <= 0


def _prompt_enough(seen: Evidence) -> bool:
    gain = seen.to_prompted
    return (
        gain is not None
        and not gain.small
        and (gain.high < -seen.margin or (gain.low <= 0 and gain.mean <= 0 and not seen.cheaper))
    )


def _gained(seen: Evidence) -> bool:
    return seen.to_base is None or seen.to_base.low > 0


def _too_few(seen: Evidence) -> str:
    n = seen.gap.n
    return f"Undecided: {n} test row{'s' if n != 1 else ''} compared, too few to tell: {FEW} is the least."


def _lacking(seen: Evidence) -> str:
    return f"Undecided: {seen.missing} of {seen.rows} test rows lack an answer or a score from one side."


def _wrong(seen: Evidence) -> str:
    right = _right(seen)
    share = percent(right.mean, 0) if right else ""
    return (
        f"Undecided: the teacher gets {share} {right_share(seen.metric)}, so keeping up with it says nothing. "
        "More test rows would not decide it: the worst answers in the report show what it says and what was expected."
    )


def _loses(seen: Evidence) -> str:
    return f"Do not distil yet: the student loses {points(-seen.gap.mean)} to the teacher, and {points(seen.margin)} were allowed."


def _wins(seen: Evidence) -> str:
    but = f", but not for {listed([one.name for one in seen.fallen])}" if seen.fallen else ""
    if seen.gap.high < 0:
        return f"Distil: the student does this task a little worse than the teacher, by less than the {points(seen.margin)} allowed{but}."
    than = "better than" if seen.gap.low > 0 else "as well as"
    return f"Distil: the student does this task {than} the teacher{but}{wording.linear_too(seen, than)}."


_RULES: list[tuple[Callable[[Evidence], bool], Word, Callable[[Evidence], str], OpenQuestion]] = [
    (_unanswered, "undecided", _lacking, ""),
    (_no_measure, "undecided", _wrong, ""),
    (lambda seen: seen.gap.small, "undecided", _too_few, "keeps up"),
    (lambda seen: seen.gap.high < -seen.margin, "do not distil", _loses, ""),
    (_untrained_as_good, "do not distil", lambda _: "Do not distil: training did not make the small model better.", ""),
    (_prompt_enough, "do not distil", lambda _: "Do not distil: the teacher's prompt alone does as much, untrained.", ""),
    (lambda seen: _kept_up(seen) and _gained(seen), "distil", _wins, ""),
    (_kept_up, "undecided", lambda _: "Undecided: the test rows cannot tell whether training helped.", "helped"),
    (lambda _: True, "undecided", lambda _: "Undecided: the test rows cannot tell if the student keeps up.", "keeps up"),
]  # fmt: skip
