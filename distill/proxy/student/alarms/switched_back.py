"""That a student was switched off, and why: kept in a file, so that a restart does not switch it on again. Another student is not concerned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from distill.atomic_write import write_json
from distill.errors import UsageError
from distill.rundir import read_result

FILE = "switched-back.json"


@dataclass(frozen=True, slots=True)
class SwitchedBack:
    """The number of the student, when, and the alarms of the monitor."""

    student: int
    at: str
    why: Sequence[str]


def read(folder: Path) -> SwitchedBack | None:
    """What was written last; None where nothing was. A file that cannot be read counts as one about every student."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return read_result(path, SwitchedBack)
    except UsageError as fault:
        return SwitchedBack(-1, "", [str(fault)])


def write(folder: Path, found: SwitchedBack) -> None:
    """May raise OSError."""
    write_json(folder / FILE, asdict(found))


def forget(folder: Path) -> None:
    (folder / FILE).unlink(missing_ok=True)
