"""The parent's side: children that judge rows, and whose fault it was that one died.

Rows go out a few at a time. A child that is slow, dies or runs out of memory costs the row that it was at, and a fresh one
goes on with the next. A row that a child died of after it had judged others is tried once more in the fresh one: what
earlier rows left behind is not its fault.
"""

from __future__ import annotations

import contextlib
import selectors
import time
from collections.abc import Iterable, Iterator

from distill.sandbox.process import BYTES, FEW, CheckResult, Child, NumberedLine, SandboxLimits, Source

CHILDREN = 2


def greet(source: Source, limits: SandboxLimits) -> set[str]:
    """Import the user's file in a child and end it; the layers that held it, or SpecError."""
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as undo:
        child = Child(source, limits, selector)
        undo.callback(child.end)
        while not child.ready:
            for _, events in selector.select(max(0.0, child.deadline - time.monotonic())):
                if events & selectors.EVENT_WRITE:
                    child.push()
                if events & selectors.EVENT_READ:
                    list(child.pull())
            late = time.monotonic() >= child.deadline
            if child.ended or late:
                child.end()
                child.lost(late=not child.ended)
        return child.held


def judge(
    source: Source, rows: Iterable[NumberedLine], limits: SandboxLimits, *, held: set[str] | None = None
) -> Iterator[tuple[int, CheckResult]]:
    """(number, verdict) of every row, in the order in which they come; SpecError where the file cannot be imported.

    Into `held` go the layers that hold the children on this machine: some of landlock, seccomp, hook.
    """
    queue, pool, held = iter(rows), list[Child](), set() if held is None else held
    with contextlib.ExitStack() as undo, selectors.DefaultSelector() as selector:
        undo.callback(_end, pool)
        while True:
            _share(queue, pool, source, limits, selector)
            busy = [child for child in pool if child.waiting]
            if not busy:
                return
            wait = max(0.0, min(child.deadline for child in busy) - time.monotonic())
            before = {id(child): child.deadline for child in pool}
            for key, events in selector.select(wait):
                child: Child = key.data
                if events & selectors.EVENT_WRITE:
                    child.push()
                if events & selectors.EVENT_READ:
                    yield from child.pull()
            for child in list(pool):
                held |= child.held
                quiet = not child.ended and child.deadline == before[id(child)]  # else our caller may have let it wait
                late = bool(child.waiting) and quiet and time.monotonic() >= child.deadline
                if late or child.ended:
                    pool.remove(child)
                    child.end()
                    if lost := child.lost(late=late):
                        yield lost
                    if child.waiting:
                        fresh = Child(source, limits, selector)
                        pool.append(fresh)
                        fresh.give(list(child.waiting))


def _end(pool: list[Child]) -> None:
    for child in pool:
        child.end()


def _share(
    queue: Iterator[NumberedLine],
    pool: list[Child],
    source: Source,
    limits: SandboxLimits,
    selector: selectors.BaseSelector,
) -> None:
    """Give every child rows up to its window, and start another while rows are left."""
    for child in pool:
        child.give(_some(queue, child.room))
    while len(pool) < CHILDREN:
        rows = _some(queue, FEW)
        if not rows:
            return
        child = Child(source, limits, selector)
        pool.append(child)
        child.give(rows)


def _some(queue: Iterator[NumberedLine], room: int) -> list[NumberedLine]:
    """Up to so many rows, fewer where they are big."""
    rows, size = list[NumberedLine](), 0
    while len(rows) < room and size < BYTES and (row := next(queue, None)) is not None:
        rows.append(row)
        size += len(row[1])
    return rows
