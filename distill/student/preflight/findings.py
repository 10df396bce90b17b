"""What a preflight found: each kind of fault once a file, with its count and a few lines where it stands.

stop       training would fail, pay for nothing, or teach what nobody wants: exit 4
warning    it trains, and should be looked at
note       worth knowing
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from distill.curate.gates.private import hidden
from distill.student.preflight.kinds import KINDS

Grade = Literal["stop", "warning", "note"]
GRADES: tuple[Grade, ...] = ("stop", "warning", "note")
_EXAMPLES = 5
_SAID = 200
"""Characters of an example's detail."""
_LOOKED_AT = 500


def shown(text: str, width: int = 40) -> str:
    """The beginning of a text of the file as it may stand in a message: in one line, quoted, without credentials."""
    line = " ".join(hidden(text[:_LOOKED_AT]).split())
    return repr(line if len(line) <= width else f"{line[: width - 1]}…")


@dataclass(frozen=True, slots=True)
class FoundLine:
    """Where a fault stands (0: the file as a whole), and what is there."""

    line: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of fault in one file. `count` is of rows, or 1 for what is true of the whole."""

    name: str
    grade: Grade
    file: str
    count: int
    message: str
    examples: tuple[FoundLine, ...] = ()


@dataclass(slots=True)
class _Tally:
    grade: Grade
    count: int = 0
    last: int = -1
    examples: list[FoundLine] = field(default_factory=list)


class Findings:
    """Collects faults as they are met; a row with the same fault twice counts once."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, str], _Tally] = {}

    def add(self, name: str, line: int = 0, said: str = "", *, file: str, grade: Grade | None = None) -> None:
        """Note a fault of KINDS; `grade` is given where it depends on more than the kind."""
        tally = self._met.setdefault((file, name), _Tally(grade or KINDS[name].grade))
        if line and line == tally.last:
            return
        tally.last = line
        tally.count += 1
        if len(tally.examples) < _EXAMPLES:
            tally.examples.append(FoundLine(line, hidden(said)[:_SAID]))

    def many(self, name: str, found: Sequence[tuple[int, str]], *, file: str, grade: Grade | None = None) -> None:
        """The same for several rows at once."""
        for line, said in found:
            self.add(name, line, said, file=file, grade=grade)

    def sorted(self) -> tuple[Finding, ...]:
        """All of them: stops first, then as they stand in KINDS."""
        order = {name: place for place, name in enumerate(KINDS)}
        made = [
            Finding(name, tally.grade, file, tally.count, KINDS[name].says, tuple(tally.examples))
            for (file, name), tally in self._met.items()
        ]
        return tuple(sorted(made, key=lambda one: (GRADES.index(one.grade), order[one.name], one.file)))
