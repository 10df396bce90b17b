"""The rows of a file, each checked by itself, and what is kept of it to compare it with the others.

Nothing of a row is kept but its texts: a file may be larger than its parsed objects would fit into memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.base_model.chat_format import FormatError
from distill.chat.conversation import THOUGHT
from distill.records import Json, canonical
from distill.student.preflight.data import json_lines, layouts, texts, turns
from distill.student.preflight.data.layouts import Layout
from distill.student.preflight.findings import Findings, Grade, shown
from distill.student.preflight.tokens import NONE, RowTokens, TokenCounter

_REFUSALS = (FormatError, LookupError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Row:
    """A row as its texts. `prompt` is what is asked without the system prompt, `answer` what is learnt, `users` are the
    texts of the user's turns, `tokens` those of both sides of a preference.
    """

    line: int
    layout: str
    system: str
    prompt: str
    answer: str
    rejected: str = ""
    tokens: RowTokens = NONE
    """Zeros where they could not be counted."""
    users: tuple[str, ...] = ()


def read(path: Path, counter: TokenCounter, found: Findings) -> list[Row]:
    """The rows of a file whose conversations could be read; what is wrong with any is noted."""
    rows, seen = list[Row](), dict[str, int]()
    for number, value in json_lines.read(path, found):
        name = layouts.name_of(value)
        if not name:
            found.add("unknown_layout", number, layouts.unknown(value), file=path.name)
            continue
        seen.setdefault(name, number)
        rows += _row(value, number, _Noted(found, path.name, number), counter)
    if len(seen) > 1:
        for name, number in seen.items():
            found.add("mixed_layouts", number, name, file=path.name)
    return rows


@dataclass(frozen=True, slots=True)
class _Noted:
    """Faults of one row."""

    found: Findings
    file: str
    line: int

    def add(self, name: str, said: str = "", grade: Grade | None = None) -> None:
        self.found.add(name, self.line, said, file=self.file, grade=grade)


def _row(value: Mapping[str, Json], number: int, noted: _Noted, counter: TokenCounter) -> Iterator[Row]:
    layout = layouts.layout(value)
    if layouts.two_layouts(value):
        noted.add("two_layouts_in_a_row", ", ".join(sorted(value)[:6]))
    elif more := layouts.unknown_keys(layout.name, value):
        noted.add("unknown_key", ", ".join(more[:6]))
    whole = True
    for side in layout.sides:
        if layout.name == "preference" and not _is_side(side, layout.prompt):
            noted.add("bad_side", str(side)[:60] if isinstance(side, str) else "no turn of the assistant's")
            return
        for name, said in turns.faults(side, layout.tools):
            noted.add(name, said)
            whole = whole and _readable(name)
    if not whole:
        return
    yield _checked(layout, number, noted, counter)


def _readable(fault: str) -> bool:
    """Whether a row with this fault still has a prompt and an answer to look at."""
    return fault not in (
        "no_messages",
        "bad_turn",
        "unknown_role",
        "not_text",
        "last_turn",
        "bad_tool_call",
        "old_functions",
    )


def _is_side(side: Json, prompt: Json) -> bool:
    """Whether something follows the prompt, and it ends with the assistant's turn."""
    before = 1 if isinstance(prompt, str) else len(prompt) if isinstance(prompt, list) else 0
    if not isinstance(side, list) or len(side) <= before:
        return False
    return isinstance(side[-1], Mapping) and side[-1].get("role") == "assistant"


def _checked(layout: Layout, number: int, noted: _Noted, counter: TokenCounter) -> Row:
    """A row whose turns are turns: its texts looked at, its tokens counted."""
    looked = [_look(side, noted, counter) for side in layout.sides]
    first, *others = layout.sides
    prompt = "\n".join(f"{turn['role']}: {_spoken(turn)}" for turn in first[:-1] if not _is_system(turn))
    counts = [_tokens(side, layout.tools, noted, counter) for side in layout.sides] if all(looked) else []
    answer, rejected = _spoken(first[-1]), _spoken(others[0][-1]) if others else ""
    if others and answer == rejected:
        noted.add("sides_equal", shown(answer))
    return Row(
        line=number, layout=layout.name, system="\n".join(turns.said(turn) for turn in first if _is_system(turn)), prompt=prompt, answer=answer,
        rejected=rejected, tokens=_of_both(counts),
        users=tuple(turns.said(turn) for turn in first if turn["role"] == "user"),
    )  # fmt: skip


def _of_both(sides: Sequence[RowTokens]) -> RowTokens:
    """Tokens of a row of one side, or of the two of a preference."""
    whole, learnt, again = (sum(one[place] for one in sides) for place in range(3))
    return RowTokens(whole, learnt, again, max((one.answers for one in sides), default=1))


def _look(side: Sequence[Mapping[str, Json]], noted: _Noted, counter: TokenCounter) -> bool:
    """Note the faults of a side's texts; whether a tokeniser takes them."""
    storable = True
    for turn in side:
        for name, said in texts.faults(_spoken(turn), counter.markup, _is_system(turn)):
            grade: Grade | None = "warning" if name == "chat_markup" and not counter.exact else None
            noted.add(name, f"{turn['role']}: {said}", grade)
            storable = storable and name != "lone_surrogate"
    return storable


def _tokens(side: Sequence[Mapping[str, Json]], tools: Json, noted: _Noted, counter: TokenCounter) -> RowTokens:
    try:
        count = counter.count(side, tools if isinstance(tools, list) else [])
    except _REFUSALS as fault:  # a template is code of the base's, and may fail over a row as code does
        noted.add(
            "template_refuses", str(fault) if isinstance(fault, FormatError) else f"{type(fault).__name__}: {fault}"
        )
        return NONE
    if counter.context is not None and count.whole > counter.context:
        noted.add(
            "over_context",
            f"{'' if counter.exact else 'about '}{count.whole:,} tokens, at most {counter.context:,} train",
        )
    return count


def _is_system(turn: Mapping[str, Json]) -> bool:
    return turn["role"] in ("system", "developer")


def _spoken(turn: Mapping[str, Json]) -> str:
    """A turn's text with its calls and what was thought before it, which are learnt too."""
    calls, thought = turn.get("tool_calls"), turn.get(THOUGHT)
    parts = (thought if isinstance(thought, str) else "", turns.said(turn), canonical(calls) if calls else "")
    return "\n".join(part for part in parts if part)
