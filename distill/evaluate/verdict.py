"""Distil, do not distil, or undecided: the comparison in words that a manager can act on.

The question is non-inferiority: does the student lose less than `margin` to the teacher, on the same rows? On
top, training must have made the small model better than it was, and prompting it must not do as well for the
same effort. What the rows cannot tell is undecided, with the number of rows that would most likely tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from distill.evaluate.metrics import measure
from distill.stats import FEW, Estimate
from distill.text.percentages import percent, points, signed

Word = Literal["distil", "do not distil", "undecided", "dataset only", "not yet"]

OpenQuestion = Literal["", "keeps up", "helped"]
"""What more test rows would tell."""
_MISSING = 0.1  # share of test rows that may lack an answer before the comparison is called undecided
_NONE_RIGHT = 0.1
"""Share of the known answers that a teacher must have right for it to be any measure of a student."""
_CHEAPER = 0.8  # a student that reads at most this share of the prompted base's tokens is worth having


@dataclass(frozen=True, slots=True)
class ComparisonVerdict:
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
    """Test rows that the metric could judge, had both sides answered."""
    beyond: int = 0
    """Test rows that it has nothing to hold against: those without a known answer."""
    kind: str = "fields"
    """What answers are: fields, or plain values."""
    student: Estimate | None = None
    teacher: Estimate | None = None
    to_teacher: Estimate | None = None
    to_base: Estimate | None = None
    to_prompted: Estimate | None = None
    to_linear: Estimate | None = None
    teacher_is_base: bool = False
    """The teacher is the small model with the long prompt: its calls stand for both."""
    tokens_student: float = 0.0
    tokens_prompted: float = 0.0
    rows_needed: int | None = None
    """Test rows that would tell whether the student keeps up with the teacher."""
    rows_for_gain: int | None = None
    """Test rows that would tell whether training helped."""

    @property
    def gap(self) -> Estimate:
        """`to_teacher`; of no rows where the two have none in common."""
        return self.to_teacher or Estimate(0.0, 0.0, 0.0, 0)

    @property
    def missing(self) -> int:
        return self.rows - self.gap.n

    @property
    def cheaper(self) -> bool:
        """The student answers for clearly fewer tokens than the same model with the teacher's prompt."""
        return 0 < self.tokens_student <= _CHEAPER * self.tokens_prompted


def verdict(seen: Evidence) -> ComparisonVerdict:
    """The first rule that applies gives the word and the headline; the numbers always follow."""
    if seen.to_teacher is None:
        headline = "Undecided: there are no test rows that both the student and the teacher answered."
        return ComparisonVerdict("undecided", [headline])
    word, headline, question = next((word, line(seen), asks) for applies, word, line, asks in _RULES if applies(seen))
    needed = _enough(seen, question)
    sentences = [
        _numbers(seen),
        _training(seen),
        _prompting(seen),
        _floor(seen),
        _left_out(seen),
        _advice(seen, question, needed),
    ]
    return ComparisonVerdict(word, [headline, *(sentence for sentence in sentences if sentence)], needed)


def _no_measure(seen: Evidence) -> bool:
    """The teacher is hardly ever right by the known answers, and the student is not clearly better."""
    teacher = seen.teacher
    return seen.metric == "json_fields" and teacher is not None and teacher.mean < _NONE_RIGHT and seen.gap.low <= 0


def _kept_up(seen: Evidence) -> bool:
    return seen.gap.low > -seen.margin


def _unanswered(seen: Evidence) -> bool:
    return not seen.gap.small and seen.missing > _MISSING * seen.rows


def _untrained_as_good(seen: Evidence) -> bool:
    return seen.to_base is not None and seen.to_base.high <= 0


def _prompt_enough(seen: Evidence) -> bool:
    gain = seen.to_prompted
    return gain is not None and (gain.high < -seen.margin or (gain.low <= 0 and gain.mean <= 0 and not seen.cheaper))


def _gained(seen: Evidence) -> bool:
    return seen.to_base is None or seen.to_base.low > 0


def _too_few(seen: Evidence) -> str:
    n = seen.gap.n
    return f"Undecided: {n} test row{'s' if n != 1 else ''} compared, too few to tell: {FEW} is the least."


def _lacking(seen: Evidence) -> str:
    return f"Undecided: {seen.missing} of {seen.rows} test rows lack an answer or a score from one side."


def _wrong(seen: Evidence) -> str:
    share = percent(seen.teacher.mean, 0) if seen.teacher else ""
    return (
        f"Undecided: the teacher gets {share} of the known answers right, so keeping up with it says nothing. "
        "More test rows would not decide it: the worst answers in the report show what it says and what was expected."
    )


def _loses(seen: Evidence) -> str:
    return f"Do not distil yet: the student loses {points(-seen.gap.mean)} to the teacher, and {points(seen.margin)} were allowed."


def _wins(seen: Evidence) -> str:
    if seen.gap.high < 0:
        return f"Distil: the student does this task a little worse than the teacher, by less than the {points(seen.margin)} allowed."
    return f"Distil: the student does this task {'better than' if seen.gap.low > 0 else 'as well as'} the teacher."


def _numbers(seen: Evidence) -> str:
    if not (seen.student and seen.teacher):
        return ""
    gap = seen.gap
    return (
        f"On {gap.n} held-out rows, the student gets {percent(seen.student.mean)} {measure(seen.metric, seen.kind)}"
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
    untrained = "the untrained small model, which is the teacher here, is"
    untrained = untrained if seen.teacher_is_base else "the untrained small model is"
    gain, arm = seen.to_prompted, f"With the teacher's long prompt, {untrained}"
    share = percent(seen.tokens_student / seen.tokens_prompted, 0) if seen.tokens_prompted else ""
    cost = f" The student answers for {share} of its tokens." if seen.cheaper else ""
    if gain.low > 0:
        return f"{arm} {points(gain.mean)} worse than the student.{cost}"
    if gain.high < 0:
        return f"{arm} {points(-gain.mean)} better than the student.{cost}"
    return f"{arm} not clearly worse than the student.{cost}"


def _floor(seen: Evidence) -> str:
    """What a linear model of the same rows makes of a student that is a language model."""
    gap = seen.to_linear
    if gap is None:
        return ""
    found = f"{signed(gap.mean)} points ({signed(gap.low)} to {signed(gap.high)})"
    if gap.low > 0:
        return f"Over a linear model of the same training rows the student gains {found}."
    how = "Make it the student: --set student.train.with=linear."
    if gap.high < 0:
        return (
            f"A linear model of the same training rows is clearly better than the student, by {points(-gap.mean)} "
            f"({-gap.high * 100:.1f} to {-gap.low * 100:.1f}), and answers in milliseconds on any machine. {how}"
        )
    return (
        f"Against a linear model of the same training rows the student makes {found}: it is not clearly better, and the linear "
        f"model answers in milliseconds on any machine. {how}"
    )


def _left_out(seen: Evidence) -> str:
    missing, beyond = seen.missing, seen.beyond
    unscored = (
        f"Left out: {missing} of {seen.rows} test rows without an answer or score on both sides." if missing else ""
    )
    unknown = (
        f"{beyond} of {seen.rows + beyond} test rows have no known answer, and are none of these." if beyond else ""
    )
    return f"{unscored} {unknown}".strip()


def _enough(seen: Evidence, question: OpenQuestion) -> int | None:
    """The rows that would answer the question that is open; never a number that is there already."""
    needed = {"keeps up": seen.rows_needed, "helped": seen.rows_for_gain}.get(question)
    there = seen.to_base if question == "helped" else seen.gap
    return needed if needed is not None and needed > (there.n if there else 0) else None


def _advice(seen: Evidence, question: OpenQuestion, needed: int | None) -> str:
    if not question:
        return ""
    if needed is not None:
        return f"About {needed:,} test rows would most likely decide it."
    if (seen.rows_for_gain if question == "helped" else seen.rows_needed) is not None:
        return "It is close to decided: somewhat more test rows would most likely decide it."
    if question == "helped":
        return "Trained and untrained are so near each other that no sensible number of rows would decide it."
    return "The two are so near the allowed margin that no sensible number of rows would decide it."


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
