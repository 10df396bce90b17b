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


def active() -> bool:
    """Whether anything is recorded."""
    return _SEEN.get() is not None


def note(what: str) -> None:
    """Record that something is read; costs one look-up where nothing is recorded."""
    seen = _SEEN.get()
    if seen is not None:
        seen.add(what)


def note_file(path: Path) -> None:
    """Record that a file, or whether it is there, is read."""
    if active():
        note(f"file:{path.absolute()}")


@contextmanager
def recording() -> Iterator[set[str]]:
    """Collect the names of all that is read inside."""
    seen = set[str]()
    with _as(seen):
        yield seen


@contextmanager
def unrecorded() -> Iterator[None]:
    """Reads that belong to a fact which is noted as a whole."""
    with _as(None):
        yield


@contextmanager
def _as(seen: set[str] | None) -> Iterator[None]:
    token = _SEEN.set(seen)
    try:
        yield
    finally:
        _SEEN.reset(token)
