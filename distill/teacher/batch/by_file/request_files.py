"""Request files in a folder: how they are called, how they get there, and whether somebody changed one.

    requests/mood-001-teacher-3f9a2c0d1b.jsonl      task, run, spender, and the beginning of the batch's key

A file appears under its name whole or not at all. Its name never changes, whichever run goes on with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from distill.atomic_write import write_atomic

_KEY = 10
"""Characters of a batch's key that its file is called by: as good as never two alike in one folder."""
_LABEL = 60
_PIECE = 1 << 20


def name_of(key: str, label: str) -> str:
    """The name of a batch and, with an ending, of its files; `label` is put into letters that every shell and disk takes."""
    plain = re.sub(r"[^A-Za-z0-9._]+", "-", label).strip("-.")[:_LABEL].strip("-.")
    return f"{plain or 'batch'}-{_short(key)}"


def of_key(folder: Path, key: str) -> list[str]:
    """The names of request files that were written for a batch, whatever its label was."""
    return sorted(found.stem for found in folder.glob(f"*-{_short(key)}.jsonl"))


def _short(key: str) -> str:
    return key.rpartition("-")[2][:_KEY]


def write(made: Path, to: Path) -> None:
    """Put a file there; OSError that names it where it can't be written."""
    try:
        write_atomic(to, _pieces(made))
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror or os.strerror(fault.errno or 0), str(to)) from None


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def first_change(ours: Path, theirs: Path) -> int | None:
    """The first line, from 1, in which a request file is not as it was written; None where it is, or where one is gone."""
    try:
        with ours.open("rb") as mine, theirs.open("rb") as now:
            both = zip_longest(mine, now)
            return next((number for number, (one, other) in enumerate(both, 1) if one != other), None)
    except FileNotFoundError:
        return None
