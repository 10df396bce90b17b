"""The rows of a tune's file: chats that a task can use, and every other line with what is wrong with it.

A file is read as seeds are, so what is refused here is what a run lists as dropped. Preference pairs (method dpo) become chats
with the preferred answer, line for line, so that a line's number means the same in both files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.errors import Fault
from distill.records import Json, canonical
from distill.seeds.chat_logs.chats import row_of
from distill.seeds.faults import row_faults
from distill.seeds.faults.fault_summary import BadRow
from distill.seeds.formats.file_format import RawRow
from distill.seeds.formats.rows import read_rows
from distill.starter.logged_chats import MESSAGES, REPLY
from distill.text.normalise import strict_json

_BROUGHT = ("tools", "functions", "parallel_tool_calls")
"""Keys of a pair's input that its chat is asked with too."""


@dataclass(frozen=True, slots=True)
class TuneRows:
    """The rows of a file; `faults` are of the file as a whole."""

    path: Path
    chats: Sequence[RawRow]
    refused: Sequence[BadRow]
    faults: Sequence[Fault] = ()
    earlier: int = 0
    """Chats with an answer of the assistant's before the last one."""
    masked: int = 0
    """Those of them with an earlier answer that must not train (a weight of 0)."""

    @property
    def known(self) -> int:
        """Chats with a known answer."""
        return sum(chat.get(REPLY) is not None for chat in self.chats)


def read_tune_rows(path: Path) -> TuneRows:
    """Every row of a file, as a chat or as refused."""
    faults: list[Fault] = []
    chats: list[RawRow] = []
    refused: list[BadRow] = []
    earlier = masked = 0
    for line, row in read_rows(path, faults):
        chat = _chat(row)
        if isinstance(chat, str):
            refused.append(BadRow(path, line, chat))
            continue
        chats.append(chat)
        if any(turn["role"] == "assistant" for turn in chat[MESSAGES]):
            earlier += 1
            masked += not _all_train(row)
    return TuneRows(path, chats, refused, faults, earlier, masked)


def chat_lines(data: bytes) -> bytes:
    """A file of preference pairs as chats with the preferred answer; a line that is no pair stays as it is."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return b"\n".join(_preferred(line) for line in lines)


def pairs(path: Path) -> bool:
    """Whether a file's first row is a preference pair."""
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                return _pair(line) is not None
    return False


def asked_twice(tests: TuneRows, training: TuneRows) -> int:
    """Rows of the first that ask, word for word, what a row of the other asks."""
    trained = {canonical(chat[MESSAGES]) for chat in training.chats}
    return sum(canonical(chat[MESSAGES]) in trained for chat in tests.chats)


def _chat(row: RawRow | ValueError) -> RawRow | str:
    """The row as a chat, or what is wrong with it."""
    if isinstance(row, ValueError):
        return str(row)
    try:
        chat = row_of(row)
    except ValueError as fault:
        return str(fault)
    wrong = row_faults.faults(chat, [MESSAGES], {MESSAGES: True}, (), REPLY)
    return "; ".join(wrong) if wrong else chat


def _all_train(row: RawRow | ValueError) -> bool:
    """Whether each answer of a chat that can be read may train."""
    try:
        return not isinstance(row, ValueError) and bool(row_of(row, every=True))
    except ValueError:
        return False


def _preferred(line: bytes) -> bytes:
    if (pair := _pair(line)) is None:
        return line
    asked, answer = pair
    chat = {"messages": [*asked["messages"], *answer], **{key: asked[key] for key in _BROUGHT if key in asked}}
    return json.dumps(chat).encode()


def _pair(line: bytes) -> tuple[Mapping[str, Json], list[Json]] | None:
    """(what is asked, the preferred answer's turns) of a line; None where it holds no preference pair."""
    try:
        row = strict_json(line.decode("utf-8-sig"))
    except ValueError:
        return None
    asked = row.get("input") if isinstance(row, Mapping) else None
    answer = row.get("preferred_output") if isinstance(row, Mapping) else None
    if not isinstance(asked, Mapping) or not isinstance(asked.get("messages"), list) or not isinstance(answer, list):
        return None
    return asked, answer
