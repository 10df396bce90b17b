"""Rows that cannot be used, as a person reads them: what is wrong with many rows is said once, with their number.

The table of dropped rows names each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from distill.errors import Fault
from distill.tables.outcome import dropped_frame
from distill.text.normalise import storable

SHOWN = 20
"""Faults that are reported at most."""
_ALIKE = 3
"""Rows with the same fault that are reported one by one."""
_LINES = 10
_OWN = re.compile(r"\d+|'[^']*'|\"[^\"]*\"")
"""What differs between two rows of one fault."""


class BadRow(NamedTuple):
    """A row of a file, or the file itself where `line` is 0, and what is wrong with it."""

    path: Path
    line: int
    message: str

    @property
    def fault(self) -> Fault:
        return Fault(f"{self.path}:{self.line}" if self.line else str(self.path), self.message)


def summarised(bad_rows: Sequence[BadRow]) -> list[Fault]:
    """The faults of rows, those that are one and the same together, a screenful at most."""
    groups: dict[tuple[Path, str], list[BadRow]] = {}
    for row in bad_rows:
        groups.setdefault((row.path, _OWN.sub("…", row.message)), []).append(row)
    faults: list[Fault] = []
    for rows in groups.values():
        if len(rows) <= _ALIKE:
            faults += [row.fault for row in rows]
            continue
        lines = ", ".join(str(row.line) for row in rows[1 : _LINES + 1]) + (", …" if len(rows) > _LINES + 1 else "")
        first = rows[0].fault
        faults.append(Fault(first.where, f"{first.message}; and {len(rows) - 1} more rows like it: {lines}"))
    more = len(faults) - SHOWN
    return faults if more <= 0 else [*faults[:SHOWN], Fault("", f"and {more} more ({len(bad_rows)} rows in all)")]


def dropped_rows(bad_rows: Iterable[BadRow]) -> pl.DataFrame:
    """The rows as those of dropped.parquet."""
    messages: dict[str, list[str]] = {}
    for row in bad_rows:
        messages.setdefault(f"{row.path.name}:{row.line}" if row.line else row.path.name, []).append(row.message)
    return dropped_frame(
        (row, None, "", "seeds", "unreadable", storable("; ".join(said))) for row, said in messages.items()
    )
