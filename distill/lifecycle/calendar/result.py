"""What is known of each task of a project, and what is due. Days are ISO 8601; a number of days is negative where the day is past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

RunState = Literal["working", "finished", "pending", "stopped"]
DueKind = Literal[
    "broken", "batches", "pending", "unfinished", "monitor", "promote", "model_ends", "host_closes", "age"
]


@dataclass(frozen=True, slots=True)
class NewestRun:
    """The newest run of a task that can be read."""

    run: str
    state: RunState
    """working: a process holds it; pending: rows have no answer yet; stopped: its report is not written, and nobody works on it."""
    stage: str
    """The last stage that was done; empty where none was."""
    began: str
    """The day of its first stage; empty before that."""
    finished: str
    """The day of its report; empty where none is written."""
    verdict: str
    rows: int | None
    """Rows that train; None before they are written."""
    pending: int
    held_by: int | None


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """The newest run of a task with a report."""

    run: str
    number: int
    began: str
    verdict: str
    promoted: bool
    """Whether its student was ever promoted."""


@dataclass(frozen=True, slots=True)
class OpenBatches:
    """Batch jobs of a task that are not collected."""

    batches: int
    rows: int
    since: str
    """When the first one was submitted, ISO 8601; empty where none was yet."""


@dataclass(frozen=True, slots=True)
class ServingStudent:
    """The student that the registry lets serve. `age` is in days since its teacher was asked."""

    number: int
    run: str
    promoted: str
    asked: str
    age: int
    how: str
    base: str
    verdict: str


@dataclass(frozen=True, slots=True)
class ModelEnd:
    """A model of a task, and the day on which it is shut down, as far as anybody says."""

    role: str
    """The setting that names it; `serving` for the base of the student that serves."""
    model: str
    at: str
    """Its host by name or address; empty where it runs on this machine."""
    shutdown_date: str | None
    days: int | None
    source: str
    """Who says so: the spec, the host and when, or our table and its day; empty where nobody does."""


@dataclass(frozen=True, slots=True)
class HostCloses:
    """A host that takes no more tuning jobs after a day."""

    host: str
    last_day: str
    days: int


@dataclass(frozen=True, slots=True)
class LastLook:
    """What `distill monitor` found when it looked last."""

    day: str
    run: str
    """Whose student it looked at."""
    alarms: int


@dataclass(frozen=True, slots=True)
class Due:
    """Something to be done for a task: now, on a day, or some time (then it has no day). `command` is the next move, where one does it."""

    task: str
    kind: DueKind
    says: str
    now: bool
    day: str | None = None
    days: int | None = None
    command: str = ""


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """One task; what it does not have is None. `broken` are folders and files of it that cannot be read, with the reason."""

    task: str
    spec: str | None
    """From the project's folder."""
    newest: NewestRun | None
    finished: FinishedRun | None
    serves: ServingStudent | None
    models: Sequence[ModelEnd]
    closes: HostCloses | None
    batches: OpenBatches | None
    monitor: LastLook | None
    usd: float | None
    unpriced: int
    """Sends of which nobody knows the price; `usd` is without them."""
    broken: Sequence[str]
    due: Sequence[Due] = ()


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """All tasks by name, and what is due of them: what is due now, what has a day by that day, then the rest."""

    home: str
    day: str
    tasks: Sequence[TaskStatus]
    due: Sequence[Due]
    broken: Sequence[str]
    """What belongs to no task: specs without a name, a store that cannot be read."""

    @property
    def due_now(self) -> bool:
        return any(one.now for one in self.due)
