"""The end of an adoption in words: may the student replace the old tune, or not yet.

It is the run's own verdict, which is a non-inferiority test on the test rows, said of the tune. Without answers of the tune nobody
can say it: then the student's share of the known answers stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from distill.evaluate.figures import Figure
from distill.pipeline.result import Run
from distill.text.percentages import percent, signed

Word = Literal["may replace it", "not yet", "not known", "no student"]


@dataclass(frozen=True, slots=True)
class Replacement:
    """The word, why, and the numbers behind it, each with its 95 % interval and its rows."""

    word: Word
    headline: str
    measure: str = ""
    figures: Sequence[Figure] = ()

    @property
    def lines(self) -> list[str]:
        """The headline, then the numbers."""
        return [self.headline, *(f"  {_number(one, self.measure)}" for one in self.figures)]


def replacement(run: Run, model: str, *, dark: bool) -> Replacement:
    """What a finished run says of the tune that was its teacher; `dark` where the run could not ask it."""
    found = [
        one
        for one in (run.figures.of("student"), run.figures.of("teacher"), run.figures.of("student", "teacher"))
        if one
    ]
    measure = run.figures.measure
    if run.verdict is None or run.verdict.word == "dataset only":
        return Replacement(
            "no student", f"no student was trained, so nothing stands in for {model} yet", measure, found
        )
    why = _reason(run.verdict.sentences[0])
    if dark:
        said = f"not known whether the student may replace {model}: it is dark and its answers were not recorded; the student by itself:"
        return Replacement("not known", said, measure, found)
    if run.verdict.word == "distil":
        return Replacement("may replace it", f"the student may replace {model}: {why}", measure, found)
    rows = run.verdict.rows_needed
    more = f" About {rows:,} test rows or more would tell." if run.verdict.word == "undecided" and rows else ""
    return Replacement("not yet", f"not yet: the student does not replace {model}: {why}{more}", measure, found)


def _reason(sentence: str) -> str:
    """A verdict's headline without its word: `Undecided: …` → `…`."""
    word, mark, rest = sentence.partition(": ")
    return rest if mark and len(word) < 20 else sentence


def _number(one: Figure, measure: str) -> str:
    if one.other:
        span = f"{signed(one.mean)} points ({signed(one.low)} to {signed(one.high)}, n = {one.n})"
        return f"student less tune  {span}"
    name = "old tune" if one.arm == "teacher" else one.arm
    return f"{name:17}  {percent(one.mean)} {measure} ({percent(one.low)} to {percent(one.high)}, n = {one.n})"
