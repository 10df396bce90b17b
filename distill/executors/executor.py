"""Where work on parts of a table is done: in this process, or wherever an executor takes it (`using`).

    map       part → result                                          gates, contamination, token counts, strata
    shuffle   part → a piece for each partition; pieces → result     what has to meet that lies in different parts

The functions handed in are pure and stand in a module: the same parts give the same results in whatever process, and in whatever
order they are done. So an executor may do one again after a crash. Results come in the order of the parts. Nothing here sends,
pays, or opens the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

Part = TypeVar("Part")
Piece = TypeVar("Piece")
Result = TypeVar("Result")
Shared = TypeVar("Shared")


class Executor(Protocol):
    """Does the work of a step; `name` is the step's, for messages, and `shared` what each part is worked on with."""

    @property
    def rows(self) -> int | None:
        """Rows that a part should have; None where tables are not to be cut."""

    @property
    def near(self) -> bool:
        """Whether the work is done on this machine, which has the files that are named to it."""

    def map(
        self, name: str, work: Callable[[Part, Shared], Result], parts: Iterable[Part], shared: Shared
    ) -> Iterator[Result]:
        """The result of each part."""

    def shuffle(
        self,
        name: str,
        split: Callable[[Part, Shared], Sequence[Piece]],
        parts: Iterable[Part],
        join: Callable[[Sequence[Piece], Shared], Result],
        shared: Shared,
    ) -> Iterator[Result]:
        """The result of each partition, of which `split` gives a piece a part: equally many of every part, in one order."""


class InProcess:
    """One part after the other, here."""

    near = True

    def __init__(self, rows: int | None = None) -> None:
        self.rows = rows

    def map(
        self,
        name: str,  # noqa: ARG002 - nothing is said of work in this process
        work: Callable[[Part, Shared], Result],
        parts: Iterable[Part],
        shared: Shared,
    ) -> Iterator[Result]:
        """The result of each part, which is worked on when it is asked for."""
        return (work(part, shared) for part in parts)

    def shuffle(
        self,
        name: str,  # noqa: ARG002 - as above
        split: Callable[[Part, Shared], Sequence[Piece]],
        parts: Iterable[Part],
        join: Callable[[Sequence[Piece], Shared], Result],
        shared: Shared,
    ) -> Iterator[Result]:
        """The result of each partition; the pieces of all parts are in memory together."""
        pieces = [split(part, shared) for part in parts]
        return (join(own, shared) for own in zip(*pieces, strict=True))


_CURRENT: ContextVar[Executor] = ContextVar("distill_executor", default=InProcess())  # noqa: B039 - nothing changes it


def current() -> Executor:
    """The executor that work is handed to now."""
    return _CURRENT.get()


@contextmanager
def using(executor: Executor) -> Iterator[None]:
    """Hand work to an executor meanwhile; tasks of an event loop and `asyncio.to_thread` inherit it."""
    token = _CURRENT.set(executor)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def cuts(count: int, size: int | None) -> list[tuple[int, int]]:
    """(start, stop) of parts of about `size`, all of nearly one size; one part where there is no size, none of nothing."""
    if not count:
        return []
    number = 1 if size is None else -(-count // size)
    return [(count * n // number, count * (n + 1) // number) for n in range(number)]
