"""Batches that are out at a host, over all runs of a store: whose they are, who collects them, and how a person is told.

A row may lie in a batch that another run made: of the same task under its old name, or of another task that asks the same
question. Whoever asks for the row collects the batch, in the name of the run that paid for it, unless a process is at work
on that run just now.
"""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from distill.errors import UsageError
from distill.rundir import RunDir
from distill.teacher.batch import journal
from distill.teacher.endpoint.wire import without_user

if TYPE_CHECKING:
    from distill.teacher.batch.journal import BatchEntry
    from distill.teacher.store.store import Store


class Claims:
    """Who works on the runs of the project that a store belongs to."""

    def __init__(self, store: Store) -> None:
        self._home = store.path.parent.parent

    @contextmanager
    def hold(self, run: str) -> Iterator[bool]:
        """Hold a run while one of its batches is collected; False where a process works on it."""
        folder, free = _folder(self._home, run), True
        with ExitStack() as held:
            try:
                if folder is not None and folder.path.is_dir():
                    held.enter_context(folder.lock())
            except UsageError:
                free = False
            yield free

    def gone(self, run: str) -> bool:
        """Whether a run's folder is not there any more: nobody will go on with it."""
        folder = _folder(self._home, run)
        return folder is not None and not folder.path.is_dir()

    def holder(self, run: str) -> int | None:
        """The process that works on a run."""
        folder = _folder(self._home, run)
        return holder(folder) if folder is not None else None


def holder(run: RunDir) -> int | None:
    """The process that holds a run, None where nobody does."""
    path = run / ".lock"
    if not path.exists():
        return None
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read().strip() or 0)
    return None


def _folder(home: Path, run: str) -> RunDir | None:
    """The folder of `task/001`; None of what is no run of a task, as `task/plan`."""
    task, _, number = run.rpartition("/")
    return RunDir(home, task, int(number)) if task and number.isdecimal() else None


def waited_for(store: Store, others: Mapping[BatchEntry, int]) -> list[str]:
    """Rows that lie in batches of other runs, a sentence a batch."""
    claims, said = Claims(store), []
    for batch, rows in others.items():
        if not rows:
            continue
        process = claims.holder(batch.run)
        who = f"process {process}, which works on that run" if process else "this command, run later"
        verb = "is" if rows == 1 else "are"
        said.append(f"{_rows(rows)} {verb} in {named(batch)}; collected by {who}")
    return said


def named(batch: BatchEntry) -> str:
    """`batch batch_1 of run t/001, submitted 2026-11-29 22:10`."""
    when = datetime.fromisoformat(batch.submitted or batch.made).astimezone()
    verb = "submitted" if batch.submitted else "begun"
    return f"batch {batch.name} of run {batch.run}, {verb} {when:%Y-%m-%d %H:%M}"


def left(store: Store, run: str, endpoints: Collection[str]) -> list[str]:
    """Batches of a run at endpoints that its spec names no more, a line each: paid for, and collected only there.

    `endpoints` are those that the spec names, by their identity.
    """
    return [
        f"{named(batch)}, was left at {without_user(batch.endpoint)} with {_rows(batch.requests)}: ${journal.booked_usd(store, batch.key):.4f} "
        f"stays reserved for it. It is collected once {_again(batch)}"
        for batch in journal.opened(store, run)
        if batch.endpoint not in endpoints
    ]


def _again(batch: BatchEntry) -> str:
    """What a spec must say so that a batch is looked at."""
    if batch.by_file:
        return "a run of this task answers by file again (mode: file)"
    return "that address is the base_url of a run of this task again"


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"
