"""How far a step is: rows, rows a second, and the time that is left, a line every ten seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_EVERY_S = 10.0
T = TypeVar("T")


class Meter:
    """Says how far steps are."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock

    def rows(
        self, name: str, parts: Iterable[T], size: Callable[[T], int], total: int | None = None, *, about: bool = False
    ) -> Iterator[T]:
        """The parts as they are; `size` tells the rows of each, `total` is all of them where it is known, be it `about` so many."""
        began = last = self._clock()
        done = 0
        for part in parts:
            yield part
            done += size(part)
            now = self._clock()
            if now - last >= _EVERY_S:
                last = now
                self._say(f"  {line(name, done, total, now - began, about=about)}")


def line(name: str, done: int, total: int | None, seconds: float, *, about: bool = False) -> str:
    """`gates 400,000 of 1,000,000 rows, 12,500 a second, 48 s left`."""
    rate = done / seconds if seconds else 0.0
    whole = f" of {'about ' * about}{total:,}" if total else ""
    said = f"{name} {done:,}{whole} rows, {rate:,.0f} a second"
    if not total or not rate:
        return said
    left = round(max(0, total - done) / rate)
    return f"{said}, {left // 60} min {left % 60} s left" if left >= 60 else f"{said}, {left} s left"
