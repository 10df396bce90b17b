"""The few numbers of a comparison that a person looks at first, each with its 95 % interval and its rows."""

from __future__ import annotations

from dataclasses import dataclass

from distill.evaluate.comparison import Comparison, Difference
from distill.evaluate.metrics import measure
from distill.stats import Estimate


@dataclass(frozen=True, slots=True)
class Figure:
    """What an arm gets, or with `other` how much more it gets than that arm on the rows that both answered."""

    arm: str
    other: str
    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Figures:
    """`measure` is what each number is a share of, e.g. "of the fields right"; there is none where nothing was scored."""

    measure: str = ""
    rows: tuple[Figure, ...] = ()

    def of(self, arm: str, other: str = "") -> Figure | None:
        """The figure of an arm, or of its difference to another."""
        return next((row for row in self.rows if (row.arm, row.other) == (arm, other)), None)


NO_FIGURES = Figures()
CLASSIFIERS = ("linear", "embedding")
"""Arms that a student which is a language model has to beat."""


def figures(comparison: Comparison) -> Figures:
    """Student, teacher and their difference; the linear and the embedding model, and the student's difference to each; in a refresh the one
    before, where the two have one measure.
    """
    scored = [_of_arm(comparison, name) for name in ("student", "teacher")]
    beside = [
        figure
        for name in (*CLASSIFIERS, *(() if comparison.by_teacher else ("previous",)))
        for figure in (_of_arm(comparison, name), _difference(comparison, name))
    ]
    rows = tuple(row for row in (*scored, _difference(comparison, "teacher"), *beside) if row is not None)
    return Figures(measure(comparison.metric, comparison.kind) if rows else "", rows)


def _of_arm(comparison: Comparison, name: str) -> Figure | None:
    arm = comparison.arms.get(name)
    found = arm.metrics.get(comparison.metric) if arm else None
    return _figure(name, "", found) if found is not None else None


def _difference(comparison: Comparison, other: str) -> Figure | None:
    found = (gap for gap in comparison.differences if (gap.metric, gap.b) == (comparison.metric, other))
    return next((_figure(gap.a, gap.b, gap) for gap in found), None)


def _figure(arm: str, other: str, found: Estimate | Difference) -> Figure:
    return Figure(arm, other, found.mean, found.low, found.high, found.n)
