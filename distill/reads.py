"""What a stage reads while it works, by name: the settings, texts, files and facts that its outputs depend on.

    spec:student.train.context   send:teacher.limits.in_flight   task:tools   env:OPENAI_BASE_URL
    file:/home/…/runs/mood/001/seeds.parquet   fact:ledger

Whoever hands out such a value notes its name; nothing is kept while no stage records. The values are looked up at the end of
the stage, by the same code that looks them up next time (`distill.task.traces`), so the two can only differ where something
changed. A key, a header or a password is never noted. Tasks and `asyncio.to_thread` inherit the recording; a thread that is
started in another way has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_SEEN: ContextVar[set[str] | None] = ContextVar("distill_reads", default=None)


seen = _SEEN.get
"""The names that are recorded now; None where nothing is. Settings are read a thousand times for each that is noted anew."""


def note(what: str) -> None:
    """Record that something is read; costs one look-up where nothing is recorded."""
    if (names := seen()) is not None:
        names.add(what)


def note_file(path: Path) -> None:
    """Record that a file, or whether it is there, is read."""
    if (names := seen()) is not None:
        names.add(f"file:{path.absolute()}")


@contextmanager
def recording() -> Iterator[set[str]]:
    """Collect the names of all that is read inside."""
    names = set[str]()
    with _as(names):
        yield names


@contextmanager
def unrecorded() -> Iterator[None]:
    """Reads that belong to a fact which is noted as a whole."""
    with _as(None):
        yield


@contextmanager
def _as(names: set[str] | None) -> Iterator[None]:
    token = _SEEN.set(names)
    try:
        yield
    finally:
        _SEEN.reset(token)
