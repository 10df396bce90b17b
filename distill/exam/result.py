"""What an exam has shown, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distill.evaluate.metrics.names import caution, measure, of_text, title
from distill.rundir import RunDir, read_json, read_result
from distill.stats import Estimate

FILE = "exam.json"
"""Of a run's folder: the exam that its teacher took, or an empty object."""


@dataclass(frozen=True, slots=True)
class FieldScores:
    """One field of the answers: how often each is right in it. None where there was nothing to compare with."""

    field: str
    teacher: Estimate
    commonest: Estimate
    linear: Estimate | None


@dataclass(frozen=True, slots=True)
class StratumScore:
    """The teacher on the rows of one stratum."""

    stratum: str
    teacher: Estimate


@dataclass(frozen=True, slots=True)
class Mistake:
    """An answer of the teacher that is not the known one."""

    seed_id: str
    input: str
    known: str
    said: str
    why: str


@dataclass(frozen=True, slots=True)
class Exam:
    """One teacher with one prompt on rows with a known answer. Scores are shares of an answer that are right, 0 to 1.

    exam.teacher, exam.commonest, exam.linear    each an estimate: mean, low, high (95 %), n; or None
    exam.fields, exam.strata, exam.mistakes      where it is strong and weak
    """

    model: str
    prompt: str
    known: int
    """Rows with a known answer that are no test rows, of which `rows` are asked."""
    rows: int
    unanswered: int
    kind: str
    """What answers are: fields, plain values or free text."""
    teacher: Estimate | None
    commonest: Estimate | None
    """The commonest known answer, given to everything."""
    linear: Estimate | None
    """A linear model of the known rows that are not asked; None where they are too few or answers are not closed."""
    linear_rows: int
    over_commonest: Estimate | None
    """The teacher minus the commonest answer, row by row."""
    over_linear: Estimate | None
    itself: Estimate | None
    """The agreement of its second answer with its first: nobody who learns from it can be expected to do better."""
    fields: Sequence[FieldScores]
    strata: Sequence[StratumScore]
    """The worst first."""
    mistakes: Sequence[Mistake]
    calls: int
    """Of which those that the store held already are free."""
    usd: float | None
    usd_per_1000: float | None
    seconds_p50: float | None
    metric: str = "json_fields"
    """Which metric scored the answers: that of the comparison, if it needs no teacher to be held against; empty where none could."""

    @property
    def measure(self) -> str:
        """What a score is a share of, e.g. "of the fields right"."""
        return measure(self.metric, self.kind)

    @property
    def title(self) -> str:
        """The same where there is little room, e.g. "fields right"."""
        return title(self.metric, self.kind)

    @property
    def likeness(self) -> bool:
        """Whether scores are likeness of texts: a proxy, by which no teacher is wrong."""
        return of_text(self.metric)

    @property
    def caution(self) -> str:
        """What must be said of a likeness; empty of the others."""
        return caution(self.metric)

    @property
    def why_unscored(self) -> str:
        """Why nothing is scored; empty where something is."""
        if self.teacher is not None:
            return ""
        return "no metric of this task judges these answers" if self.unanswered < self.rows else "no answer came"


def read_exam(folder: RunDir) -> Exam | None:
    """The exam of a run; None where none was taken, as in a run of a version that knew none."""
    path = folder / FILE
    return read_result(path, Exam) if path.exists() and read_json(path, dict) else None
