"""Distil, do not distil, or undecided: the comparison in words that a manager can act on.

The question is non-inferiority: does the student lose less than `margin` to the teacher, on the same rows? On
top, training must have made the small model better than it was, and prompting it must not do as well for the
same effort. What the rows cannot tell is undecided, with the number of rows that would most likely tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from distill.evaluate.stats import FEW, Estimate

Word = Literal["distil", "do not distil", "undecided"]

_MEASURES = {
    "json_fields": "of the fields right",
    "agreement": "of the teacher's fields",
    "schema": "of the answers in the right format",
}
_MISSING = 0.1  # share of test rows that may lack an answer before the comparison is called undecided
_CHEAPER = 0.8  # a student that reads at most this share of the prompted base's tokens is worth having


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word, the sentences behind it (the first is the headline), and the rows that would decide it."""

    word: Word
    sentences: list[str]
    rows_needed: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the verdict rests on. Each `to_…` is the student minus that arm on the rows both answered."""

    metric: str
    margin: float
    rows: int
    student: Estimate | None = None
    teacher: Estimate | None = None
    to_teacher: Estimate | None = None
    to_base: Estimate | None = None
    to_prompted: Estimate | None = None
    tokens_student: float = 0.0
    tokens_prompted: float = 0.0
    rows_needed: int | None = None

    @property
    def missing(self) -> int:
        return self.rows - (self.to_teacher.n if self.to_teacher else 0)

    @property
    def cheaper(self) -> bool:
        """The student answers for clearly fewer tokens than the same model with the teacher's prompt."""
        return 0 < self.tokens_student <= _CHEAPER * self.tokens_prompted


def verdict(seen: Evidence) -> Verdict:
    """The first rule that applies gives the word and the headline; the numbers always follow."""
    if seen.to_teacher is None:
        headline = "Undecided: there are no test rows that both the student and the teacher answered."
        return Verdict("undecided", [headline])
    word, headline = next((word, line(seen)) for applies, word, line in _RULES if applies(seen))
    needed = seen.rows_needed if word == "undecided" else None
    lines = [
        headline,
        _numbers(seen),
        _training(seen),
        _prompting(seen),
        _left_out(seen),
        _advice(word, needed),
    ]
    return Verdict(word, [line for line in lines if line], needed)


def _lost(seen: Evidence) -> bool:
    return seen.to_teacher is not None and seen.to_teacher.high < -seen.margin


def _kept_up(seen: Evidence) -> bool:
    return seen.to_teacher is not None and seen.to_teacher.low > -seen.margin


def _too_few(seen: Evidence) -> bool:
    return seen.to_teacher is not None and (seen.to_teacher.small or seen.missing > _MISSING * seen.rows)


def _untrained_as_good(seen: Evidence) -> bool:
    return seen.to_base is not None and seen.to_base.high <= 0


def _prompt_enough(seen: Evidence) -> bool:
    gain = seen.to_prompted
    return gain is not None and (gain.high < -seen.margin or (gain.low <= 0 and gain.mean <= 0 and not seen.cheaper))


def _gained(seen: Evidence) -> bool:
    return seen.to_base is None or seen.to_base.low > 0


def _few(seen: Evidence) -> str:
    n = seen.to_teacher.n if seen.to_teacher else 0
    if n < FEW:
        return f"Undecided: {n} test row{'s' if n != 1 else ''} compared, too few to tell: {FEW} is the least."
    return f"Undecided: {seen.missing} of {seen.rows} test rows lack an answer or a score from one side."


def _loses(seen: Evidence) -> str:
    lost = points(-seen.to_teacher.mean) if seen.to_teacher else ""
    return f"Do not distil yet: the student loses {lost} to the teacher, and {points(seen.margin)} were allowed."


def _wins(seen: Evidence) -> str:
    better = seen.to_teacher is not None and seen.to_teacher.low > 0
    return f"Distil: the student does this task {'better than' if better else 'as well as'} the teacher."


def _numbers(seen: Evidence) -> str:
    if not (seen.student and seen.teacher and seen.to_teacher):
        return ""
    gap, measure = seen.to_teacher, _MEASURES.get(seen.metric, seen.metric)
    return (
        f"On {gap.n} rows kept aside, the student gets {percent(seen.student.mean)} {measure}"
        f" and the teacher {percent(seen.teacher.mean)}: {signed(gap.mean)} points, and most likely"
        f" between {signed(gap.low)} and {signed(gap.high)}; a loss of {points(seen.margin)} is allowed."
    )


def _training(seen: Evidence) -> str:
    if seen.to_base is None:
        return ""
    gain = seen.to_base
    if gain.low > 0:
        return f"Training is worth {signed(gain.mean)} points over the same small model, untrained."
    return (
        f"Against the same small model untrained, training is worth {signed(gain.mean)} points"
        f" ({signed(gain.low)} to {signed(gain.high)}), so no gain is shown."
    )


def _prompting(seen: Evidence) -> str:
    if seen.to_prompted is None:
        return ""
    gain, arm = seen.to_prompted, "With the teacher's long prompt, the untrained small model is"
    share = percent(seen.tokens_student / seen.tokens_prompted, 0) if seen.tokens_prompted else ""
    cost = f" The student answers for {share} of its tokens." if seen.cheaper else ""
    if gain.low > 0:
        return f"{arm} {points(gain.mean)} worse than the student.{cost}"
    if gain.high < 0:
        return f"{arm} {points(-gain.mean)} better than the student.{cost}"
    return f"{arm} not clearly worse than the student.{cost}"


def _left_out(seen: Evidence) -> str:
    if not seen.missing:
        return ""
    return f"Left out: {seen.missing} of {seen.rows} test rows without an answer or score on both sides."


def _advice(word: Word, needed: int | None) -> str:
    if word != "undecided":
        return ""
    if needed is None:
        return "The two are so near the allowed margin that no sensible number of rows would decide it."
    return f"About {needed:,} test rows would most likely decide it."


_RULES: list[tuple[Callable[[Evidence], bool], Word, Callable[[Evidence], str]]] = [
    (_too_few, "undecided", _few),
    (_lost, "do not distil", _loses),
    (
        _untrained_as_good,
        "do not distil",
        lambda _: "Do not distil: training did not make the small model better.",
    ),
    (
        _prompt_enough,
        "do not distil",
        lambda _: "Do not distil: the teacher's prompt alone does as much, untrained.",
    ),
    (lambda seen: _kept_up(seen) and _gained(seen), "distil", _wins),
    (_kept_up, "undecided", lambda _: "Undecided: the test rows cannot tell whether training helped."),
    (lambda _: True, "undecided", lambda _: "Undecided: the test rows cannot tell if the student keeps up."),
]


def percent(share: float, digits: int = 1) -> str:
    return f"{share * 100:.{digits}f} %"


def signed(share: float) -> str:
    """Points with their sign: 0.034 → "+3.4"; a true minus sign, and zero has none."""
    value = round(share * 100, 1)
    return f"{value:+.1f}".replace("-", "\u2212") if value else "0.0"


def points(share: float) -> str:
    value = f"{share * 100:.1f}".removesuffix(".0")
    return f"{value} point{'' if value == '1' else 's'}"
