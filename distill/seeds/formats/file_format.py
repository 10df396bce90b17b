"""What readers of files share: how the spec says that files are written, what a row is, and what is wrong with a file."""

from __future__ import annotations

from dataclasses import dataclass

from distill.records import Json

RawRow = dict[str, Json]
"""Column → value. A value that cannot be read is a ValueError in its place: a fault of the row only where it is used."""
NumberedRow = tuple[int, RawRow | ValueError]
"""(line, the row that begins there or what is wrong with it)."""
Notes = list[str]
"""What was found out about files and a person should know, a line each."""

_UNSEEN = "\ufeff\u200b\u200c\u200d\u2060\0"


class BadFile(ValueError):
    """The file as a whole cannot be read, from where the reader stands."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How text files are written, where the spec says it; None is found out."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    names: tuple[str, ...] = ()
    """Columns that the task names: of the first lines of a table that one is the header which has them all."""


AS_FOUND = FileFormat()
"""Nothing is said of it."""


def name_of(cell: str) -> str:
    """A column's name as a prompt can say it: without the blanks and unseen characters around it."""
    return cell.strip().strip(_UNSEEN).strip()


def note(notes: Notes, said: str) -> None:
    """Keep a note, once."""
    if said not in notes:
        notes.append(said)
