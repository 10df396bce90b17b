"""A prompt turned round: out of the turns that were sent come the values of its variables.

Mood?                                 {"role": "system", "content": "Mood?"}
[user]                       ←→       {"role": "user", "content": "Message: my lamp is broken"}
Message: {{message}}                  gives {"message": "my lamp is broken"}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.chat.content import text as text_of
from distill.chat.templates import Template
from distill.records import Json, canonical

_SLOT = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_CHAT = "messages"
SYSTEM = ("system", "developer")
Turns = Sequence[Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class TurnPattern:
    """One turn of a prompt: its role, and what its text is made of."""

    role: str
    literal: str | None
    """The whole text, where no variable is in it."""
    names: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    pattern: re.Pattern[str] | None = None
    """For several variables, or one that comes twice."""

    def fields(self, text: str) -> dict[str, str] | None:
        """The values that give this text; None where none do."""
        if self.literal is not None:
            return {} if text == self.literal or text.strip() == self.literal.strip() else None
        if self.pattern is None:
            fits = (
                text.startswith(self.before)
                and text.endswith(self.after)
                and len(text) >= len(self.before) + len(self.after)
            )
            return {self.names[0]: text[len(self.before) : len(text) - len(self.after)]} if fits else None
        found = self.pattern.fullmatch(text)
        return found.groupdict() if found else None


@dataclass(frozen=True, slots=True)
class PromptPattern:
    """A prompt as the turns that it becomes; `chat` is the variable of a conversation in it, and the place where that stands."""

    source: str
    turns: tuple[TurnPattern, ...]
    chat: tuple[int, str] | None = None

    @property
    def system(self) -> bool:
        return bool(self.turns) and self.turns[0].role == "system"

    @property
    def without_system(self) -> PromptPattern:
        """The prompt as a log has it that leaves the system turn out."""
        return PromptPattern(self.source, self.turns[1:], self.chat and (self.chat[0] - 1, self.chat[1]))

    def fields(self, turns: Turns) -> dict[str, Json] | None:
        """The fields that make these turns; None where the prompt does not give them."""
        if self.chat is None:
            return _matched(self.turns, turns) if len(turns) == len(self.turns) else None
        place, name = self.chat
        behind = len(self.turns) - place
        if len(turns) <= len(self.turns):
            return None
        head, tail = (
            _matched(self.turns[:place], turns[:place]),
            _matched(self.turns[place:], turns[len(turns) - behind :]),
        )
        inside = turns[place : len(turns) - behind]
        return None if head is None or tail is None else {**head, **tail, name: [_plain_turn(turn) for turn in inside]}


def pattern_of(template: Template) -> PromptPattern:
    """A prompt turned round."""
    turns: list[TurnPattern] = []
    chat: tuple[int, str] | None = None
    for role, text in template.turns:
        if role == _CHAT:
            chat = (len(turns), _SLOT.findall(text)[0])
        else:
            turns.append(_turn_pattern(role, text))
    return PromptPattern(template.source, tuple(turns), chat)


def _turn_pattern(role: str, text: str) -> TurnPattern:
    pieces = _SLOT.split(text)
    names, literals = pieces[1::2], pieces[0::2]
    if not names:
        return TurnPattern(role, text)
    if len(names) == 1:
        return TurnPattern(role, None, tuple(names), literals[0], literals[1])
    seen: set[str] = set()
    parts = [re.escape(literals[0])]
    for name, literal in zip(names, literals[1:], strict=True):
        parts += [f"(?P={name})" if name in seen else f"(?P<{name}>.*?)", re.escape(literal)]
        seen.add(name)
    return TurnPattern(role, None, tuple(names), pattern=re.compile("".join(parts), re.DOTALL))


def _matched(patterns: Sequence[TurnPattern], turns: Turns) -> dict[str, Json] | None:
    found: dict[str, Json] = {}
    for pattern, turn in zip(patterns, turns, strict=True):
        role = turn.get("role")
        if role != pattern.role and not (role in SYSTEM and pattern.role in SYSTEM):
            return None
        values = pattern.fields(said(turn))
        if values is None:
            return None
        found |= values
    return found


def _plain_turn(turn: Mapping[str, Json]) -> dict[str, Json]:
    """A turn of a conversation as a seed holds it."""
    kept = {name: turn[name] for name in ("role", "content", "name", "tool_calls", "tool_call_id") if turn.get(name)}
    return kept if "content" in kept or "tool_calls" in kept else {**kept, "content": ""}


def said(turn: Mapping[str, Json]) -> str:
    """The text of a turn; of parts that are no text, nothing."""
    said = turn.get("content")
    if isinstance(said, str):
        return said
    try:
        return text_of(said) or ""
    except ValueError:
        return canonical(said)


def is_bare(prompt: PromptPattern) -> bool:
    """Whether what a prompt asks after its system turn is a variable alone, and so any text."""
    last = prompt.turns[-1] if prompt.turns else None
    return last is not None and last.literal is None and last.pattern is None and not (last.before + last.after).strip()
