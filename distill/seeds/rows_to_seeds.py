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
from distill.seeds.chat_logs import keys as chat_keys
from distill.seeds.chat_logs import row_request
from distill.seeds.chat_logs.chats import MUST_NOT_TRAIN, row_of
from distill.seeds.faults import row_faults
from distill.seeds.faults.fault_summary import BadRow
from distill.seeds.formats.file_format import RawRow
from distill.seeds.since import Since, SinceTally
from distill.seeds.sql_labels import SqlLabel
from distill.text.normalise import storable, strict_json

OWN_IDS = ("id", "_id", "uuid", "guid", "custom_id", "row_id", "record_id", "ticket_id", "ticket id", "message_id")
"""What a column of the rows' own ids is called."""
_WHOLE = re.compile(r"\A(-?\d+)\.0+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedColumns:
    """What a task uses of its rows, and whether they are logged chats.

    variables, optional   the prompt's variables; further fields, of the rows that have them
    chats                 variables that hold a conversation, and whether it is the one to be answered
    labels, rules         columns that are labels; labels that a rule computes over columns
    gold, group           the columns of the known answer, and of what a row came from (a row without one is its own group)
    id, keep              the column of the row's own id, where it is named, and further ones that stay with it, unread
    blank                 variables that may be empty
    logged                each row is a logged chat, in one of the shapes of `chat_logs.chats`
    system                a prompt names the chats' system prompt, or brings its own
    every                 the assistant's earlier turns of a conversation train as well
    test                  the rows are test rows, which may say so
    since                 only rows from a moment on
    """

    variables: Sequence[str]
    optional: Sequence[str] = ()
    chats: Mapping[str, bool] = field(default_factory=dict)
    labels: Sequence[str] = ()
    rules: Sequence[SqlLabel] = ()
    gold: str | None = None
    group: str | None = None
    id: str | None = None
    keep: Sequence[str] = ()
    blank: Collection[str] = ()
    logged: bool = False
    system: bool = True
    every: bool = False
    test: bool = False
    since: Since | None = None

    @property
    def of_rules(self) -> list[str]:
        """The columns that rules look at."""
        return list(dict.fromkeys(name for rule in self.rules for name in rule.columns))

    @property
    def named(self) -> list[str]:
        """Every column that the task names."""
        single = [name for name in (self.gold, self.group, self.id) if name]
        return [*self.variables, *self.labels, *self.of_rules, *single, *self.keep]


class SeedReader:
    """Makes seeds of rows and gathers what is wrong with the others.

    `at` and `rule_inputs` hold, where rules look at the rows, where each seed stood and the values of the rules' columns.
    """

    def __init__(self, columns: SeedColumns) -> None:
        self.columns = columns
        self.bad_rows: list[BadRow] = []
        self.names: set[str] = set()
        """Every column of the rows that could be read."""
        self.at: list[tuple[Path, int]] = []
        self.rule_inputs: dict[str, list[Json]] = {name: [] for name in columns.of_rules}
        self.tally: Counter[str] = Counter()
        self.times = SinceTally()

    def seeds(self, path: Path, line: int, found: RawRow | ValueError) -> Iterator[Seed]:
        """The seed that a row is, or nothing."""
        columns, row = self.columns, self._whole(found)
        if isinstance(row, ValueError):
            self.bad_rows.append(BadRow(path, line, str(row)))
            return
        wrong = row_faults.faults(
            row, columns.variables, columns.chats, columns.labels, columns.gold, blank=columns.blank
        )
        self.bad_rows.extend(BadRow(path, line, message) for message in wrong)
        self.names.update(row)
        if wrong:
            return
        seed = self._seed(path, line, row)
        if columns.since is not None and not self.times.keeps(columns.since, path, line, found, seed):
            return
        if self.rule_inputs:
            self.at.append((path, line))
        for name, values in self.rule_inputs.items():
            values.append(None if isinstance(row.get(name), ValueError) else row.get(name))
        yield seed

    def _seed(self, path: Path, line: int, row: RawRow) -> Seed:
        columns = self.columns
        has = [name for name in (*columns.optional, conversation.REQUEST) if row.get(name) not in (None, "")]
        return Seed(
            fields={name: row[name] for name in (*columns.variables, *has)},
            labels={name: storable(text_of(row[name])) for name in columns.labels},
            gold=row_faults.gold_of(row.get(columns.gold)) if columns.gold else None,
            source=storable(path.name),
            line=line,
            group=_group(row.get(columns.group)) if columns.group else "",
            own_id=_own_id(row, columns.id),
            kept={
                name: row[name] for name in columns.keep if row_faults.no_json(row.get(name)) is None and name in row
            },
        )

    def _whole(self, found: RawRow | ValueError) -> RawRow | ValueError:
        """A row with its conversations and what it is asked with, or what is wrong with it."""
        if isinstance(found, ValueError):
            return found
        columns = self.columns
        try:
            if columns.logged:
                return row_of(
                    found,
                    system=columns.system,
                    tally=self.tally,
                    ours=columns.named,
                    test=columns.test,
                    every=columns.every,
                )
            return self._plain(found) if columns.chats else found
        except ValueError as error:
            return error

    def _plain(self, row: RawRow) -> RawRow:
        """A row that is no log and holds a conversation, which may be spelt as JSON in a text and bring its own tools."""
        for name in self.columns.chats:
            value = row.get(name)
            if isinstance(value, str) and value.lstrip().startswith("["):
                try:
                    row[name] = strict_json(value)
                except ValueError as error:
                    raise ValueError(f"the conversation {name!r} is a text that is no JSON: {error}") from None
            if self.columns.every:
                _all_train(row.get(name))
        if row.get("tools") or row.get("functions"):
            own = row_request.request_of(
                {key: value for key, value in row.items() if key not in self.columns.variables}
            )
            if own:
                row[conversation.REQUEST] = own
        return row


def _all_train(turns: Json) -> None:
    """Raise where a turn of the assistant's says that it must not train."""
    for number, turn in enumerate(turns if isinstance(turns, list) else [], 1):
        if isinstance(turn, Mapping) and turn.get("role") == "assistant" and not chat_keys.trains(turn):
            raise ValueError(f"turn {number} {MUST_NOT_TRAIN}")


def _group(value: Json) -> str:
    """What a row came from, as text: 7, "7" and 7.0 are one ticket, since a table with an empty cell writes whole numbers so;
    NaN is none, as an empty cell is."""
    nothing = value is None or (isinstance(value, float) and math.isnan(value))
    said = "" if nothing else storable(text_of(value)).strip()
    return _WHOLE.sub(r"\1", said)


def _own_id(row: RawRow, said: str | None) -> str:
    """What the row's file calls it: the column that is said, else `id`, or one that is as good; nothing where it has none. A
    whole number is spelt as such, also where a table with empty cells writes it as 7.0.
    """
    name = said or next((one for one in row if isinstance(one, str) and one.lower() in OWN_IDS), None)
    value = row.get(name) if name is not None else None
    return _group(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def text_of(value: Json) -> str:
    """A value as a label has it."""
    return value if isinstance(value, str) else canonical(value)
