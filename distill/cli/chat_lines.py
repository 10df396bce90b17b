"""What is typed to a student, line by line: questions, slots that are filled one after the other, and commands.

a text, or a JSON object with every slot     a question
/system TEXT    another system text          /reset    forget it, and what was said
/row SEED       a test row, with its known answer      /quit    end
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from distill.errors import UsageError
from distill.records import Json
from distill.views.student_chat import HeldOutRow, StudentChat

HELP = "/system TEXT, /reset, /row SEED, /quit"


@dataclass(frozen=True, slots=True)
class ChatQuestion:
    """What is to be asked; `row` is the test row that it came from."""

    fields: Mapping[str, Json]
    row: HeldOutRow | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A line for whoever types; `wrong` where theirs was none that could be obeyed."""

    text: str
    wrong: bool = False


class End:
    """The end was asked for."""


Read = ChatQuestion | Note | End | None
"""What a line comes to; None where it was a slot's, and others are still empty."""


@dataclass(slots=True)
class ChatLines:
    """Reads lines. `row` finds a test row by its id; with `at_once` a question has to come whole, as from a pipe."""

    chat: StudentChat
    row: Callable[[str], HeldOutRow]
    at_once: bool = False
    filled: dict[str, str] = field(default_factory=dict)

    @property
    def slot(self) -> str:
        """The slot that the next line fills."""
        return next(name for name in self.chat.slots if name not in self.filled)

    def read(self, line: str) -> Read:
        """A line without its end."""
        if line.startswith("/") and not self.filled:
            return self._command(line)
        if not line.strip() and (len(self.chat.slots) == 1 or self.at_once):
            return None
        if (whole := _object(line, self.chat.slots)) is not None:
            self.filled.clear()
            return ChatQuestion(whole)
        if self.at_once and len(self.chat.slots) > 1:
            return Note(
                f"this prompt has the slots {', '.join(self.chat.slots)}: give a JSON object with all of them in a line",
                True,
            )
        self.filled[self.slot] = line
        if len(self.filled) < len(self.chat.slots):
            return None
        fields, self.filled = self.filled, {}
        return ChatQuestion(fields)

    def _command(self, line: str) -> Read:
        name, _, text = line.partition(" ")
        text = text.strip()
        match name:
            case "/quit":
                return End()
            case "/reset":
                self.chat.reset()
                return Note("forgotten; the prompt's own system text is back")
            case "/system" if text:
                if self.chat.linear is not None:
                    return Note("a linear model reads no system text", True)
                self.chat.system = text
                return Note("another system text than the student was trained with; /reset brings its own back")
            case "/system":
                return Note(
                    next((said for role, said in self.chat.prompt.turns if role == "system"), "there is no system text")
                )
            case "/row":
                return self._row(text)
        return Note(f"{name[:40]} is no command; there are {HELP}", True)

    def _row(self, named: str) -> Read:
        try:
            row = self.row(named)
        except UsageError as fault:
            return Note(str(fault), True)
        return ChatQuestion(row.fields, row)


def _object(line: str, slots: Sequence[str]) -> dict[str, Json] | None:
    """A JSON object that fills every slot; None where the line is none."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and all(slot in value for slot in slots) else None
