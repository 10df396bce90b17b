"""Rows of files → seeds, one by one, for what a task uses of them; the rows that are none are kept with what is wrong."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from distill.chat import conversation
from distill.records import Json, Seed, canonical
from distill.seeds import row_faults
from distill.seeds.chat_logs import row_request
from distill.seeds.chat_logs.chats import row_of
from distill.seeds.fault_summary import BadRow
from distill.seeds.formats.file_format import RawRow
from distill.text.normalise import storable, strict_json

_IDS = ("id", "_id", "uuid", "guid", "custom_id", "row_id", "record_id", "ticket_id", "ticket id", "message_id")
_WHOLE = re.compile(r"\A(-?\d+)\.0+\Z")


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a task uses of its rows (see `load.read`), and what was found while they were read."""

    variables: Sequence[str]
    optional: Sequence[str] = ()
    chats: Mapping[str, bool] = field(default_factory=dict)
    label_columns: Sequence[str] = ()
    looked_at: Mapping[str, list[Json]] = field(default_factory=dict)
    """Column that a rule names → its values, of the rows that are seeds."""
    gold: str | None = None
    group: str | None = None
    blank: Collection[str] = ()
    logged: bool = False
    system: bool = True
    test: bool = False
    """Whether the rows are test rows, which may say so."""
    bad_rows: list[BadRow] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    """Every column of the rows that could be read."""
    at: list[tuple[Path, int]] = field(default_factory=list)
    """Where each seed stood, where a rule looks at the rows."""
    tally: Counter[str] = field(default_factory=Counter)

    def seeds(self, path: Path, line: int, found: RawRow | ValueError) -> Iterator[Seed]:
        """The seed that a row is, or nothing."""
        row = self._whole(found)
        if isinstance(row, ValueError):
            self.bad_rows.append(BadRow(path, line, str(row)))
            return
        wrong = row_faults.faults(row, self.variables, self.chats, self.label_columns, self.gold, blank=self.blank)
        self.bad_rows.extend(BadRow(path, line, message) for message in wrong)
        self.known.update(row)
        if wrong:
            return
        if self.looked_at:
            self.at.append((path, line))
        for name, values in self.looked_at.items():
            values.append(None if isinstance(row.get(name), ValueError) else row.get(name))
        has = [name for name in (*self.optional, conversation.REQUEST) if row.get(name) not in (None, "")]
        yield Seed(
            fields={name: row[name] for name in (*self.variables, *has)},
            labels={name: storable(text_of(row[name])) for name in self.label_columns},
            gold=row_faults.gold_of(row.get(self.gold)) if self.gold else None,
            source=storable(path.name),
            line=line,
            group=_group(row.get(self.group)) if self.group else "",
            own_id=_own_id(row),
        )

    def _whole(self, found: RawRow | ValueError) -> RawRow | ValueError:
        """A row with its conversations and what it is asked with, or what is wrong with it."""
        if isinstance(found, ValueError):
            return found
        try:
            if self.logged:
                ours = (
                    *self.variables,
                    *self.label_columns,
                    *self.looked_at,
                    *(name for name in (self.gold, self.group) if name),
                )
                return row_of(found, system=self.system, tally=self.tally, ours=ours, test=self.test)
            return self._plain(found) if self.chats else found
        except ValueError as error:
            return error

    def _plain(self, row: RawRow) -> RawRow:
        """A row that is no log and holds a conversation, which may be spelt as JSON in a text and bring its own tools."""
        for name in self.chats:
            value = row.get(name)
            if isinstance(value, str) and value.lstrip().startswith("["):
                try:
                    row[name] = strict_json(value)
                except ValueError as error:
                    raise ValueError(f"the conversation {name!r} is a text that is no JSON: {error}") from None
        if row.get("tools") or row.get("functions"):
            own = row_request.request_of({key: value for key, value in row.items() if key not in self.variables})
            if own:
                row[conversation.REQUEST] = own
        return row


def _group(value: Json) -> str:
    """What a row came from, as text: 7, "7" and 7.0 are one ticket, since a table with an empty cell writes whole numbers so;
    NaN is none, as an empty cell is."""
    nothing = value is None or (isinstance(value, float) and math.isnan(value))
    said = "" if nothing else storable(text_of(value)).strip()
    return _WHOLE.sub(r"\1", said)


def _own_id(row: RawRow) -> str:
    """What the row's file calls it: its column `id`, or one that is as good; nothing where it has none."""
    name = next((one for one in row if isinstance(one, str) and one.lower() in _IDS), None)
    value = row[name] if name is not None else None
    return storable(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def text_of(value: Json) -> str:
    """A value as a label has it."""
    return value if isinstance(value, str) else canonical(value)
