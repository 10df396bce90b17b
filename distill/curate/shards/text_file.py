"""Texts in a file, read when they are looked at: ten million would not fit in memory as Python's strings.

Two files: the texts in UTF-8 one after the other, and where each ends (eight bytes). Only the ends are kept in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import overload

import numpy as np

from distill.similarity.arrays import Int64s

_AT_ONCE = 1 << 14
"""Texts that are read together where all are."""


class TextFile(Sequence[str]):
    """The texts of a file that `write` made. Open it with `with`, or call `close`."""

    def __init__(self, path: Path) -> None:
        self._ends: Int64s = np.fromfile(path.with_suffix(".ends"), np.int64)
        self._file = os.open(path, os.O_RDONLY)

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> TextFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _AT_ONCE):
            yield from self[start : start + _AT_ONCE]

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            return self._run(start, max(start, stop)) if step == 1 else [self[i] for i in range(start, stop, step)]
        place = range(len(self))[at]
        return self._run(place, place + 1)[0]

    def gather(self, places: Int64s) -> list[str]:
        """The texts in these places, in their order."""
        return [self._run(at, at + 1)[0] for at in places.tolist()]

    def _run(self, start: int, stop: int) -> list[str]:
        if start == stop:
            return []
        first = int(self._ends[start - 1]) if start else 0
        ends = (self._ends[start:stop] - first).tolist()
        data = _read(self._file, ends[-1], first)
        return [data[a:b].decode("utf-8", "surrogatepass") for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def _read(file: int, size: int, start: int) -> bytes:
    """So many bytes from there on: one call of the system may give fewer."""
    parts, left = list[bytes](), size
    while left:
        part = os.pread(file, left, start + size - left)
        if not part:
            raise OSError(f"a file of texts ends {left} bytes before it should")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def write(path: Path, texts: Iterable[str]) -> int:
    """Write texts to `path`, and their ends beside it; returns how many."""
    count, end, rest = 0, 0, iter(texts)
    with path.open("wb") as file, path.with_suffix(".ends").open("wb") as places:
        while some := [text.encode("utf-8", "surrogatepass") for text in islice(rest, _AT_ONCE)]:
            ends = end + np.cumsum([len(text) for text in some], dtype=np.int64)
            file.write(b"".join(some))
            places.write(ends.tobytes())
            count, end = count + len(some), int(ends[-1])
    return count
