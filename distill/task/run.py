"""One run under way: what its stages share, and read of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from distill import reads
from distill.records import Json
from distill.rundir import RunDir, check_parquet, read_parquet
from distill.task.task import Task
from distill.teacher.progress import Watcher
from distill.teacher.send import Sender
from distill.teacher.store.endpoint_totals import EndpointTotals, endpoint_totals
from distill.teacher.store.queries import SpenderTotals
from distill.teacher.store.store import Store

if TYPE_CHECKING:
    import polars as pl

ORDER = ("generate", "curate", "export", "train", "evaluate", "report")

T = TypeVar("T")


@dataclass(slots=True)
class ActiveRun:
    """One run under way."""

    task: Task
    folder: RunDir
    store: Store
    sender: Sender
    watch: Watcher
    parent: RunDir | None = None
    stages: Sequence[str] = ORDER
    """Those of this command."""
    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    """Stage that was not skipped → why."""
    facts: Mapping[str, Callable[[ActiveRun], Json]] = field(default_factory=dict)
    """What stages read beside settings and files, by its name (`distill.pipeline.facts`)."""
    anyway: bool = False
    """Whether the run goes on past an exam or a preflight that would stop it."""
    nothing: str = ""
    """Why there is no row to train on, or to compare on; empty where there are some."""

    def fact(self, name: str, found: Callable[[ActiveRun], T]) -> T:
        """What `found` reads of the run, noted as one fact of this name: what it reads itself is no read of the stage."""
        if name not in self.facts:
            raise ValueError(f"no fact is called {name!r}; distill.pipeline.facts lists them")
        reads.note(f"fact:{name}")
        with reads.unrecorded():
            return found(self)

    def pending(self, stage: str) -> int:
        """Rows that a stage left without an answer or a verdict, when it was last done."""
        return int(self.folder.manifest()["stages"].get(stage, {}).get("owed", 0))

    def table(self, name: str, columns: list[str] | None = None) -> pl.DataFrame:
        """A Parquet file of the run, whole or some of its columns."""
        return read_parquet(self.folder / name, columns)

    def scan(self, name: str) -> pl.LazyFrame:
        """The same, of which only what is collected comes into memory."""
        import polars as pl

        check_parquet(self.folder / name)
        return pl.scan_parquet(self.folder / name)


def ledger(run: ActiveRun) -> list[SpenderTotals]:
    """What the run has sent and paid, a row a spender."""
    return run.store.ledger(run.folder.name)


def endpoints(run: ActiveRun) -> list[EndpointTotals]:
    """The same by endpoint, where several are one teacher."""
    return endpoint_totals(run.store.reader, run.folder.name)


def parent_teacher(run: ActiveRun) -> str:
    """The teacher of the run that this one refreshes."""
    return str(run.parent.manifest().get("teacher", "?")) if run.parent else ""
