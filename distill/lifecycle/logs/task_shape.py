"""What a call of the task looks like: its prompts turned round, so that the task's fields come back out of what was sent.

    Mood?                                 {"role": "system", "content": "Mood?"}
    [user]                       ←→       {"role": "user", "content": "Message: my lamp is broken"}
    Message: {{message}}                  gives {"message": "my lamp is broken"}

A call whose system prompt is of none of the prompts is another task's. One without a system turn is the task's where its last turn fits,
or where the task has one variable alone: an application may log only what its user wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from distill.chat.content import text as text_of
from distill.chat.templates import Template
from distill.lifecycle.logs.call import Asked, NoCall
from distill.records import Json, canonical
from distill.seeds.load import input_of
from distill.task.task import Task
from distill.text.normalise import strict_json

_SLOT = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_CHAT = "messages"
_SYSTEM = ("system", "developer")
_LOOKED_AT = 50
_SHOWN = 60
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
        return None if head is None or tail is None else {**head, **tail, name: [_plain(turn) for turn in inside]}


@dataclass(frozen=True, slots=True)
class TaskShape:
    """How calls of a task are told, and its fields taken out of them."""

    variables: tuple[str, ...]
    prompts: tuple[PromptPattern, ...]
    columns: tuple[str, ...] = ()
    """Further columns that the seeds need: labels, the group."""
    json_fields: frozenset[str] = frozenset()
    """Variables whose values are no texts."""
    compared: tuple[str, ...] = ()
    """Fields of an answer whose tokens tell how sure the model was; none: all of it."""
    chats: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, task: Task) -> TaskShape:
        """The shape of an opened task."""
        prompts = (task.student_prompt, task.teacher_prompt, *task.rival_prompts.values())
        variables = tuple(
            dict.fromkeys(name for one in (task.student_prompt, task.teacher_prompt) for name in one.variables)
        )
        spec = task.spec
        group = [spec.seeds.group] if spec.seeds.group else []
        where = [name for name in spec.seeds.test.where or () if name not in spec.strata.labels]
        needed = [*spec.strata.columns, *where, *group, *_rule_columns(task)]
        seen = list(task.seeds[:_LOOKED_AT])
        spelt = {
            name
            for name in variables
            if any(name in one.fields and not isinstance(one.fields[name], str) for one in seen)
        }
        return cls(
            variables=variables, prompts=tuple(pattern_of(one) for one in prompts), chats={**task.teacher_prompt.chats, **task.student_prompt.chats},
            columns=tuple(dict.fromkeys(name for name in needed if name not in variables)), json_fields=frozenset(spelt),
            compared=tuple(spec.evaluate.only),
        )  # fmt: skip

    def told(self, asked: Asked) -> tuple[str, dict[str, Json] | None]:
        """(the input, the fields or None where they cannot be told). NoCall says that the call is another task's."""
        if isinstance(asked, str):
            return self._text(asked)
        if isinstance(asked, Mapping):
            return self._named(asked)
        for prompt in self.prompts:
            found = prompt.fields(asked)
            if found is not None:
                found = self._values(found)
                return self.input(found), found
        return self._unmatched(asked)

    def input(self, fields: Mapping[str, Json]) -> str:
        """The text by which a call is compared with the seeds: as theirs, its fields in the order of the prompts."""
        if len(fields) == 1:
            only = next(iter(fields.values()))
            if isinstance(only, str):
                return only
        return input_of({name: fields[name] for name in self.variables if name in fields})

    def _values(self, fields: dict[str, Json]) -> dict[str, Json]:
        """Fields whose seeds hold objects or numbers, as such."""
        for name in self.json_fields & fields.keys():
            if isinstance(fields[name], str):
                try:
                    fields[name] = strict_json(fields[name])
                except ValueError:
                    continue
        return fields

    def _text(self, text: str) -> tuple[str, dict[str, Json] | None]:
        if len(self.variables) == 1 and not self.chats:
            return text, {self.variables[0]: text}
        return text, None

    def _named(self, asked: Mapping[str, Json]) -> tuple[str, dict[str, Json] | None]:
        missing = [name for name in self.variables if name not in asked]
        if missing:
            raise NoCall(
                "other_fields", f"no {', '.join(missing)}; it has {', '.join(sorted(map(str, asked)))[:_SHOWN]}"
            )
        found = {name: asked[name] for name in self.variables}
        return self.input(found), found

    def _unmatched(self, turns: Turns) -> tuple[str, dict[str, Json] | None]:
        """Turns that no prompt gives as they stand."""
        system = next((turn for turn in turns if turn.get("role") in _SYSTEM), None)
        if system is not None:
            raise NoCall("other_prompt", f"the system prompt begins {_said(system)[:_SHOWN]!r}")
        bare = [turn for turn in turns if turn.get("role") not in _SYSTEM]
        for prompt in self.prompts:
            if (
                prompt.system
                and (found := PromptPattern(prompt.source, prompt.turns[1:], _moved(prompt.chat)).fields(bare))
                is not None
            ):
                return self.input(found), self._values(found) if set(self.variables) <= set(found) else None
        if any(not _is_bare(prompt) for prompt in self.prompts) or not bare:
            raise NoCall(
                "other_prompt", f"no prompt of the task begins {_said(bare[0])[:_SHOWN]!r}" if bare else "no turn in it"
            )
        return self._text(_said(bare[-1]))


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
        if role != pattern.role and not (role in _SYSTEM and pattern.role in _SYSTEM):
            return None
        values = pattern.fields(_said(turn))
        if values is None:
            return None
        found |= values
    return found


def _plain(turn: Mapping[str, Json]) -> dict[str, Json]:
    """A turn of a conversation as a seed holds it."""
    kept = {name: turn[name] for name in ("role", "content", "name", "tool_calls", "tool_call_id") if turn.get(name)}
    return kept if "content" in kept or "tool_calls" in kept else {**kept, "content": ""}


def _said(turn: Mapping[str, Json]) -> str:
    """The text of a turn; of parts that are no text, nothing."""
    said = turn.get("content")
    if isinstance(said, str):
        return said
    try:
        return text_of(said) or ""
    except ValueError:
        return canonical(said)


def _moved(chat: tuple[int, str] | None) -> tuple[int, str] | None:
    """The place of a conversation in a prompt without its system turn."""
    return None if chat is None else (chat[0] - 1, chat[1])


def _is_bare(prompt: PromptPattern) -> bool:
    """Whether what a prompt asks after its system turn is a variable alone, and so any text."""
    last = prompt.turns[-1] if prompt.turns else None
    return last is not None and last.literal is None and last.pattern is None and not (last.before + last.after).strip()


def _rule_columns(task: Task) -> list[str]:
    """The columns that rules of labels look at."""
    import polars as pl

    return [name for rule in task.spec.strata.rules.values() for name in pl.sql_expr(rule).meta.root_names()]
