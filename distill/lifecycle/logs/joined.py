"""What logs keep apart from their calls: scores by the id of a call or a trace, and requests of batch jobs by their custom_id.

Files that begin with such rows are read before the others. What is held is bounded: beyond `MOST` bytes of requests, or `SCORES` ids,
further ones are not taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from distill.lifecycle.logs.call import BatchInput, LoggedScore
from distill.lifecycle.logs.files import TABLES, kind_of
from distill.lifecycle.logs.objects import objects
from distill.lifecycle.logs.shapes import langfuse
from distill.records import Json, canonical

MOST = 256 * 2**20
"""Bytes of requests."""
SCORES = 2_000_000
_PEEKED = 20
_NONE: Mapping[str, Json] = {}


class LoggedRequests(Mapping[str, Mapping[str, Json]]):
    """Requests of batch jobs by their custom_id, packed; it knows which were asked for."""

    def __init__(self) -> None:
        self._packed: dict[str, tuple[str, int, bytes]] = {}
        self._used: set[str] = set()
        self._bytes = 0

    def add(self, file: str, line: int, given: BatchInput) -> bool:
        """Whether there was room for it."""
        body = canonical(given.body).encode()
        if self._bytes + len(body) > MOST or given.custom_id in self._packed:
            return False
        self._bytes += len(body)
        self._packed[given.custom_id] = (file, line, body)
        return True

    def __getitem__(self, custom_id: str) -> Mapping[str, Json]:
        found: Mapping[str, Json] = orjson.loads(self._packed[custom_id][2])
        self._used.add(custom_id)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def left(self) -> Iterator[tuple[str, int, str]]:
        """(file, line, custom_id) of those that no answer was found for."""
        return ((file, line, name) for name, (file, line, _) in self._packed.items() if name not in self._used)


class Scores:
    """Scores by the id of what they are of."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, Json]] = {}
        self._used: set[str] = set()

    def add(self, given: LoggedScore) -> bool:
        """Whether there was room for it, and an id."""
        for name in given.of:
            if name in self._of or len(self._of) < SCORES:
                self._of.setdefault(name, {})[given.name] = given.value
                return True
        return False

    def of(self, *ids: str | None) -> Mapping[str, Json]:
        """Those of a call, by any of its ids."""
        if not self._of:
            return _NONE
        found: dict[str, Json] = {}
        for name in ids:
            if name is not None and name in self._of:
                self._used.add(name)
                found |= self._of[name]
        return found

    def left(self) -> Iterator[tuple[str, Mapping[str, Json]]]:
        """(id, scores) of those whose call is in no file, or stands above them."""
        return ((name, scores) for name, scores in self._of.items() if name not in self._used)

    @property
    def unmatched(self) -> int:
        """How many scores these are."""
        return sum(len(scores) for _, scores in self.left())


def apart_first(files: Sequence[Path]) -> list[Path]:
    """The files, those that begin with scores or requests of a batch job before the others."""
    first = {path for path in files if kind_of(path) not in TABLES and _is_apart(path)}
    return [*(path for path in files if path in first), *(path for path in files if path not in first)]


def _is_apart(path: Path) -> bool:
    for _, row in itertools.islice(objects(path), _PEEKED):
        if isinstance(row, dict):
            return langfuse.is_score(row) or ("custom_id" in row and "body" in row and "response" not in row)
    return False
