"""`seeds.since`: only rows from a moment on; rows that an earlier run holds may stay whatever their time.

A row's time is in the column that the spec names, else in one with a usual name (`time`, `timestamp`, `created_at` …), or in the answer
that a log keeps (`response.created`). A row without a time is taken: a file of seeds beside the logs mostly has none. How many there are is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from distill.records import Json
from distill.tables.outcome import dropped_frame
from distill.text.times import TIMES, iso, micros

BEFORE = "before_since"
"""The reason of a row that is older."""
_ANSWERS = ("response", "response_body")


@dataclass(frozen=True, slots=True)
class Since:
    """From when rows are taken; `carried` are the ids of seeds that stay whatever their time, and `run` is whose they are."""

    moment: int
    column: str | None = None
    carried: frozenset[str] = frozenset()
    run: str = ""


@dataclass(slots=True)
class SinceTally:
    """What became of the rows: those that are older, and how many of each file are taken though they have no time."""

    older: list[tuple[str, int, int]] = field(default_factory=list)
    """(file, line, microseconds)."""
    carried: int = 0
    untimed: Counter[str] = field(default_factory=Counter)
    timed: int = 0

    def keeps(self, since: Since, path: Path, line: int, row: Mapping[str, Json] | ValueError, seed: str) -> bool:
        """Whether a row is taken, counted."""
        moment = time_of(row, since.column) if isinstance(row, Mapping) else None
        if moment is None:
            self.untimed[path.name] += 1
            return True
        self.timed += 1
        if moment >= since.moment:
            return True
        if seed in since.carried:
            self.carried += 1
            return True
        self.older.append((path.name, line, moment))
        return False

    def notes(self, since: Since) -> list[str]:
        """What a person should know."""
        at, said = iso(since.moment), []
        if self.older or self.carried:
            kept = f"; {self.carried:,} more stay, since run {since.run} has them" if self.carried else ""
            said.append(
                f"{len(self.older):,} of {self.timed + self.untimed.total():,} rows are from before {at} and are left out (seeds.since){kept}"
            )
        for name, count in self.untimed.items():
            said.append(
                f"{name}: {count:,} {'row has' if count == 1 else 'rows have'} no time that can be read, and {'is' if count == 1 else 'are'} taken (seeds.since)"
            )
        return said

    def dropped(self) -> pl.DataFrame:
        """The older rows as those of dropped.parquet."""
        return dropped_frame(
            (f"{name}:{line}", None, "", "seeds", BEFORE, f"its time is {iso(at)}") for name, line, at in self.older
        )


def time_of(row: Mapping[str, Json], column: str | None = None) -> int | None:
    """The time of a row in microseconds; None where it has none that can be read."""
    for value in _times(row, column):
        try:
            found = micros(value)
        except (ValueError, OverflowError):
            continue
        if found is not None:
            return found
    return None


def _times(row: Mapping[str, Json], column: str | None) -> Iterable[Json]:
    if column is not None:
        yield row.get(column)
        return
    yield from (row[name] for name in TIMES if name in row)
    for name in _ANSWERS:
        answer = row.get(name)
        answer = answer.get("body", answer) if isinstance(answer, Mapping) else None
        if isinstance(answer, Mapping):
            yield answer.get("created")
