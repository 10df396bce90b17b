"""A learning curve as values: what curve.json of a run's folder holds, by the kind of student.

    {"key": "3f9c…", "curves": {"linear": {…}, "lora": {…}}}

`key` is of the dataset that the curves are about; where the run's is another by now, they are not its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.records import content_id
from distill.rundir import RunDir, file_hash, read_result
from distill.stats import Estimate

FILE = "curve.json"
FOLDER = "curve"
"""Of a run's folder: what each point was trained on, its model and its answers."""
_DATASET = ("train.jsonl", "valid.jsonl", "test.jsonl")


@dataclass(frozen=True, slots=True)
class SeedScore:
    """One training: its mean score on the test rows, and the seconds that it took; None where nobody measured them."""

    seed: int
    mean: float
    seconds: float | None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """So many training rows: the score over all seeds, with its interval, and each seed's own."""

    rows: int
    score: Estimate
    seeds: Sequence[SeedScore]

    @property
    def seconds(self) -> float | None:
        """Of all its trainings, as far as they are known."""
        known = [one.seconds for one in self.seeds if one.seconds is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class LastStep:
    """What the last rows brought: the paired difference of the last two points on the same test rows."""

    from_rows: int
    to_rows: int
    gain: Estimate


@dataclass(frozen=True, slots=True)
class Doubling:
    """What twice the rows would bring by the fitted curve, in shares of 1; given only where its interval decides something."""

    rows: int
    """How many that would be."""
    gain: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RowPrice:
    """What a training row has cost in this run, dropped ones included: dollars, or None where nobody knows."""

    usd: float | None
    bought: int
    """Training rows that were paid for; the others are known answers."""


@dataclass(frozen=True, slots=True)
class CurveAdvice:
    """Whether more rows are worth their price: `more`, `enough` or `undecided`, and the sentence that says why."""

    word: str
    sentence: str


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """The scores of one kind of student on the same test rows, by the number of rows that it was trained on."""

    run: str
    student: str
    """lora or linear."""
    metric: str
    measure: str
    """What a score is a share of, e.g. "of the fields right"."""
    test_rows: int
    scored: int
    """Test rows that every point could be scored on."""
    seeds: int
    interval: str
    """How the intervals were made, in words."""
    points: Sequence[CurvePoint]
    last_step: LastStep
    doubling: Doubling | None
    price: RowPrice
    advice: CurveAdvice


@dataclass(frozen=True, slots=True)
class CurveFile:
    """What curve.json holds."""

    key: str
    curves: Mapping[str, LearningCurve]


def dataset_key(folder: RunDir) -> str:
    """Equal for equal training, validation and test rows."""
    return content_id([file_hash(folder / name) for name in _DATASET])


def read_curves(folder: RunDir) -> dict[str, LearningCurve]:
    """The curves of a run's present dataset, by the kind of student; those of an earlier dataset are left out."""
    path = folder / FILE
    if not path.exists():
        return {}
    found = read_result(path, CurveFile)
    return dict(found.curves) if found.key == dataset_key(folder) else {}
