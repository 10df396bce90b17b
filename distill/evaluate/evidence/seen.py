"""What a verdict rests on, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distill.evaluate.evidence.ceiling import TeacherCeiling
from distill.evaluate.evidence.strata import FallenStratum
from distill.stats import Estimate, RowsRange

LUCK = 5
"""Rows that must differ before a difference of fewer rows than `fewest_rows` is more than luck."""
_CHEAPER = 0.8  # a student that reads at most this share of the prompted base's tokens is worth having


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
    rows_needed: RowsRange | None = None
    """Test rows that would tell whether the student keeps up with the teacher."""
    rows_for_gain: RowsRange | None = None
    """Test rows that would tell whether training helped."""
    differing: int = LUCK
    """Rows on which student and teacher have different scores."""
    fallen: Sequence[FallenStratum] = ()
    """Strata in which the student fell clearly below the teacher."""
    limits: TeacherCeiling | None = None
    agreement: Estimate | None = None
    """The student's with the teacher, where it is not what `to_teacher` measures."""
    known: tuple[Estimate, Estimate] | None = None
    """Student and teacher on the few rows with a known answer, where the verdict is of another measure."""

    @property
    def gap(self) -> Estimate:
        """`to_teacher`; of no rows where the two have none in common."""
        return self.to_teacher or Estimate(0.0, 0.0, 0.0, 0)

    @property
    def missing(self) -> int:
        return self.rows - self.gap.n

    @property
    def matched(self) -> bool:
        """A linear model of the same rows does as well as the student, or better."""
        return self.to_linear is not None and not self.to_linear.small and self.to_linear.low <= 0

    @property
    def cheaper(self) -> bool:
        """The student answers for clearly fewer tokens than the same model with the teacher's prompt."""
        return 0 < self.tokens_student <= _CHEAPER * self.tokens_prompted
