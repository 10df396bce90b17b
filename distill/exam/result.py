"""What an exam has shown, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """What answers are: fields, plain values or free text, which nothing here scores."""
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


def read_exam(folder: RunDir) -> Exam | None:
    """The exam of a run; None where none was taken, as in a run of a version that knew none."""
    path = folder / FILE
    return read_result(path, Exam) if path.exists() and read_json(path, dict) else None
