"""What a look at logged calls has shown, as values: monitor.json holds it, the page and the terminal draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from distill.lifecycle.monitor.feedback.result import FeedbackFigures
from distill.records import Json
from distill.stats import Estimate


@dataclass(frozen=True, slots=True)
class SignalDay:
    """A signal on one day: `hits` of the `rows` that say anything about it. `alarm_at` is the rate from which on the day would have been an
    alarm; None where no rate would."""

    day: str
    hits: int
    rows: int
    alarm_at: float | None
    alarm: bool

    @property
    def rate(self) -> float:
        return self.hits / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class LoggedExample:
    """A call that shows a signal: what was asked and answered, keys and personal data hidden."""

    where: str
    input: str
    answer: str
    why: str


@dataclass(frozen=True, slots=True)
class WatchedSignal:
    """A signal over all days. `own` is the run's rate, `limit` the bound that the rate is held against; None where nothing is."""

    name: str
    title: str
    counts: str
    own: Estimate | None
    limit: float | None
    source: str
    days: Sequence[SignalDay]
    examples: Sequence[LoggedExample]
    alarms: Sequence[str]
    """Days of the last look on which it was raised."""


@dataclass(frozen=True, slots=True)
class DayCalls:
    """Calls of a day; `distinct` leaves out those that repeat another of the day, with the same answer."""

    day: str
    calls: int
    distinct: int


@dataclass(frozen=True, slots=True)
class JudgedSample:
    """The student's answers to sampled calls beside the teacher's, as judges say; `worse` is the share where the teacher's is preferred."""

    asked: int
    student_better: int
    teacher_better: int
    ties: int
    by_order: int
    """Of the ties, those in which every judge went with the order."""
    unread: int
    worse: Estimate | None
    own: Estimate | None
    """The run's, on its test rows."""


@dataclass(frozen=True, slots=True)
class TeacherAsked:
    """Logged calls that the teacher answered too; `usd` is None where nobody knows the price."""

    rows: int
    asked: int
    usd: float | None
    differs: Estimate | None
    own: Estimate | None
    """The run's, on its test rows."""
    pending: int = 0
    judged: JudgedSample | None = None
    """Where answers are free text and the task has a judge."""


@dataclass(frozen=True, slots=True)
class Monitored:
    """A look. `new_calls` were read in it, `skipped` is why others were not, `models` who answered."""

    task: str
    run: str
    student: str
    looked: str
    alarms: Sequence[str]
    """A sentence each."""
    new_calls: int
    skipped: Mapping[str, int]
    models: Mapping[str, int]
    days: Sequence[DayCalls]
    signals: Sequence[WatchedSignal]
    notes: Sequence[str]
    alpha: float
    teacher: TeacherAsked | None = None
    harvest: Mapping[str, Json] | None = None
    page: str = ""
    reading: Mapping[str, Json] = field(default_factory=dict)
    """What became of every line, as the readers of logs count it."""
    feedback: FeedbackFigures | None = None
    """What people said of calls; None where nobody ever did."""
