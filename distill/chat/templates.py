"""Prompt templates: text with `{{variable}}` slots, split into chat turns.

    Read the message and answer as JSON.          before the first marker: the system turn
    [user]                                        a line that is only [system], [user] or [assistant]
    {{message}}                                   opens a turn; filled once, never re-read
    [messages]                                    below this one stands a single slot, whose value is a whole
    {{history}}                                   conversation: a list of chat turns that ends with what is to be answered

Filling is one pass of substitution: a value that itself holds `{{…}}` stays text, there is no expression,
no attribute, no loop, so a template or a seed can make nothing run (docs/decisions/templates.md).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from distill.chat import conversation
from distill.errors import Fault
from distill.records import Json, canonical

_SLOT = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_TURN = re.compile(r"^\[(system|user|assistant|messages)\][ \t]*$", re.MULTILINE)
_MORE_BRACES = re.compile(r"\{{3,}[ \t]*([A-Za-z_]\w*)[ \t]*\}{3,}")
_CHAT = "messages"
_MISSPELT_TURN = re.compile(r"^\[(system|user|assistant|messages)\]:?[ \t]*$", re.MULTILINE | re.IGNORECASE)
_CR_TURN = re.compile(r"(?:^|[\r\n])\[(?:system|user|assistant|messages)\][ \t]*\r")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPEN = re.compile(r"\{\{[ \t]*([A-Za-z_]\w*)?[ \t]*\}?(?=[^\w{}]|$)")
_BLOCK = re.compile(
    r"\{%-?[ \t]*(?:if|elif|else|endif|for|endfor|set|include|block|endblock|extends|macro|import|from|raw|with)\b[^\n]*?%\}"
    r"|\{#[^\n]*?#\}"
)


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: (role, text) turns in order. A template without a user turn cannot be asked."""

    source: str
    turns: tuple[tuple[str, str], ...]

    @property
    def variables(self) -> list[str]:
        """The names of its slots, each once, in order of appearance."""
        return list(dict.fromkeys(name for _, text in self.turns for name in _SLOT.findall(text)))

    @property
    def chats(self) -> dict[str, bool]:
        """The names of the slots whose value is a conversation, and whether it is the one that is to be answered."""
        named = [
            (name, turn is self.turns[-1]) for turn in self.turns if turn[0] == _CHAT for name in _SLOT.findall(turn[1])
        ]
        return {name: any(last for other, last in named if other == name) for name, _ in named}

    @property
    def examples(self) -> tuple[int, int]:
        """How many of the assistant's turns are its own: those before the first conversation, and those behind it."""
        roles = [role for role, _ in self.turns]
        place = roles.index(_CHAT) if _CHAT in roles else len(roles)
        return roles[:place].count("assistant"), roles[place:].count("assistant")

    @property
    def text(self) -> str:
        """As `parse` reads it."""
        return "".join(f"[{role}]\n{body}\n" for role, body in self.turns)

    def fill(self, values: Mapping[str, Json]) -> list[conversation.Turn]:
        """Chat messages with every slot filled in one pass; a missing value is a KeyError, caught by `faults` before. A system
        turn that comes out empty is none.
        """
        messages: list[conversation.Turn] = []
        for role, text in self.turns:
            if role == _CHAT:
                messages += conversation.turns(values[_SLOT.findall(text)[0]], last=False)
            else:
                content = _SLOT.sub(lambda slot: _text(values[slot[1]]), text)
                if content.strip() or role != "system":
                    messages.append({"role": role, "content": content})
        return messages


def parse(text: str, source: str) -> Template:
    """Split a template's text into turns; blank turns are left out."""
    text = _lines(text)
    pieces = _TURN.split(text)
    roles, bodies = ["system", *pieces[1::2]], pieces[0::2]
    turns = tuple((role, body.strip("\n")) for role, body in zip(roles, bodies, strict=True) if body.strip())
    return Template(source, turns)


def variables(templates: Iterable[Template]) -> list[str]:
    """All names that some templates fill in, each once, in the order of their first use."""
    return list(dict.fromkeys(name for template in templates for name in template.variables))


def chats(templates: Iterable[Template]) -> dict[str, bool]:
    """The variables that hold a conversation, and whether it is in any of the templates the one that is to be answered."""
    found: dict[str, bool] = {}
    for template in templates:
        found |= {name: last or found.get(name, False) for name, last in template.chats.items()}
    return found


def faults(text: str, source: str, *, columns: Sequence[str] | None) -> list[Fault]:
    """Everything wrong with a template: unknown or malformed variables by line, what would go to the model as it stands, and
    a last turn that asks nothing. `columns` is None where they are not known, and then no slot is held against them.
    """
    text = _lines(text)
    slots = [(slot.start(), said) for slot in _SLOT.finditer(text) if (said := _slot_fault(slot[1], columns))]
    literal = _literal(text, columns or ())
    found = [Fault(f"{source}:{text.count(chr(10), 0, at) + 1}", said) for at, said in slots + literal]
    turns = parse(text, source).turns
    found += [
        Fault(source, f"[messages] takes one slot and nothing else, say `{{{{history}}}}`; found {body[:60]!r}")
        for role, body in turns
        if role == _CHAT and not _SLOT.fullmatch(body.strip())
    ]
    if literal:  # what is missing may be what they were meant to be
        return found
    if not turns or turns[-1][0] not in ("user", _CHAT):
        said = "the last turn must be the user's: add a line `[user]` and below it, say, `{{message}}`"
        found.append(Fault(source, said))
    elif not parse(text, source).variables:
        known = f"; columns are {', '.join(columns)}" if columns else ""
        found.append(Fault(source, f"no {{{{variable}}}} in it, so every row would ask the same{known}"))
    return found


def _lines(text: str) -> str:
    """A text whose lines end as Windows, or an old Mac, ends them, in lines as all others have."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if _CR_TURN.search(text) else text


def _single(text: str, columns: Sequence[str]) -> list[tuple[int, str]]:
    """Columns in the braces, or the like, of another language, where none of the template's own names them."""
    slots = set(_SLOT.findall(text))
    found = []
    for name in columns:
        one = re.search(rf"(?<![{{$%\w])(?:\$?\{{{re.escape(name)}\}}(?!\}})|%\({re.escape(name)}\)s)", text)
        if one and name not in slots:
            found.append((one.start(), f"`{one[0][:60]}` would be sent as it stands; write `{{{{{name}}}}}`"))
    return found


def _literal(text: str, columns: Sequence[str]) -> list[tuple[int, str]]:
    """What looks as if it were filled in or run, and would be sent, and paid for, as it stands; in order, each with its place."""
    found = [
        (one.start(), f"`{one[0].strip()[:60]}` is not closed; write `{{{{{one[1] or 'name'}}}}}`")
        for one in _OPEN.finditer(_SLOT.sub(lambda slot: " " * len(slot[0]), text))
    ]
    for one in _MORE_BRACES.finditer(text):
        plain = f"{{{{{one[1]}}}}}"
        said = f"`{one[0][:60]}` would be sent with braces around its value; write `{plain}`, or `{{ {plain} }}` where they are meant"
        found.append((one.start(), said))
    found += [
        (one.start(), f"`{one[0][:60]}` is no part of a template, which only fills in `{{{{column}}}}`; take it out")
        for one in _BLOCK.finditer(text)
    ]
    for one in _MISSPELT_TURN.finditer(text):
        if not _TURN.match(one[0]):
            said = f"`{one[0].strip()[:60]}` opens no turn and would be sent as it stands; write `[{one[1].lower()}]`"
            found.append((one.start(), said))
    found += _single(text, columns)
    if "\0" in text:
        found.append((text.index("\0"), "a NUL character; save the file as plain UTF-8 text"))
    return sorted(found)


def _slot_fault(name: str, columns: Sequence[str] | None) -> str:
    """What is wrong with a slot, nothing where it can be filled."""
    if columns is not None and name in columns:
        return ""
    if not _NAME.fullmatch(name):
        return f"`{{{{{name}}}}}` is no variable name; a slot holds one column's name and nothing else"
    if columns is None:
        return ""
    close = difflib.get_close_matches(name, columns, 1)
    hint = f"did you mean `{{{{{close[0]}}}}}`?" if close else f"columns are {', '.join(columns)}"
    return f"no column fills `{{{{{name}}}}}`; {hint}"


def _text(value: Json) -> str:
    return value if isinstance(value, str) else canonical(value)
