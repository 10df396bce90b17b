"""Labels of one field by arm: accuracy, macro-F1, each label's precision and recall, and which are confused."""

from __future__ import annotations

from dataclasses import dataclass

from distill.stats import Estimate


@dataclass(frozen=True, slots=True)
class LabelQuality:
    """One label: rows that want it, rows that got it; precision, recall and F1, None where there is nothing to divide by."""

    label: str
    wanted: int
    found: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class ConfusedRow:
    """A test row with the beginning of its input."""

    seed_id: str
    input: str


@dataclass(frozen=True, slots=True)
class Confusion:
    """A label that was given where another was wanted, in how many rows, and up to three of them."""

    wanted: str
    found: str
    count: int
    examples: list[ConfusedRow]


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A cell of the confusion table that is not empty."""

    wanted: str
    found: str
    count: int


@dataclass(frozen=True, slots=True)
class ArmLabels:
    """One arm on one field. Macro-F1 is the plain mean of the F1 of the labels that are wanted; its interval is bootstrapped."""

    accuracy: Estimate
    macro_f1: Estimate
    labels: list[LabelQuality]
    confusions: list[Confusion]
    """The most frequent first, ten at the most."""
    table: list[LabelCount]


@dataclass(frozen=True, slots=True)
class FieldLabels:
    """A field of labels, `answer` where the answer itself is one, held against the known answers or the teacher's."""

    field: str
    against: str
    """`known answers` or `teacher`."""
    arms: dict[str, ArmLabels]
    to_teacher: Estimate | None = None
    """The student's macro-F1 minus the teacher's, on the rows that both answered."""
