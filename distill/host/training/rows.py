"""A job's files, checked as the public API checks them and written as they train.

What trains: every answer of the assistant but those with a weight of 0; of a preference both sides. A row that ends in answers of weight 0
is cut behind its last one that trains. Faults are those that `distill preflight` calls a stop, but for those that the public API takes:
they are noted as warnings. FileFault names the lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from distill.atomic_write import write_atomic
from distill.chat import content
from distill.errors import DistillError
from distill.records import Json
from distill.student.preflight.data import json_lines, layouts
from distill.student.preflight.data import rows as preflight_rows
from distill.student.preflight.data.rows import Row
from distill.student.preflight.findings import Finding, Findings
from distill.student.preflight.tokens import NONE, RowTokens, TokenCounter, Tools, Turns

LEAST = 10
"""Rows of a training file, as the public API wants."""
_TAKEN = ("credential", "empty_answer", "sides_equal")
"""Stops of a preflight that the public API trains all the same."""
_REFUSED = ("old_functions",)
"""Warnings of a preflight that cannot train here."""
_LAYOUTS = {"supervised": "chat", "dpo": "preference"}
_EXPECTED = {
    "supervised": 'the method supervised takes rows like {"messages": [{"role": "user", "content": …}, …]}',
    "dpo": 'the method dpo takes rows like {"input": {"messages": […]}, "preferred_output": […], "non_preferred_output": […]}',
}
_MOST_SAID = 8


class FileFault(DistillError):
    """A file cannot train; as the public API says it."""

    def __init__(self, message: str, *, code: str, param: str) -> None:
        super().__init__(message)
        self.code, self.param = code, param


def check(path: Path, counter: TokenCounter, method: str, part: str) -> tuple[int, list[str]]:
    """(answers or pairs that train, warnings) of a client's file of a `part`, training or validation; FileFault where it cannot train."""
    found, param = Findings(), f"{part}_file"
    rows = preflight_rows.read(path, _of_trained(counter), found)
    _check_layout(rows, found, method, path.name)
    faults = [one for one in found.sorted() if _is_fault(one)]
    if faults:
        raise FileFault(f"The {part} file is invalid. {_told(faults)}", code=f"invalid_{param}", param=param)
    least = LEAST if part == "training" else 1
    if len(rows) < least:
        raise FileFault(
            f"{part.capitalize()} file has {len(rows)} example(s), must have at least {least} examples",
            code="invalid_n_examples",
            param=param,
        )
    trained = sum(row.tokens.answers for row in rows) if method == "supervised" else len(rows)
    return trained, [_said(one) for one in found.sorted() if one.grade != "note"]


def _check_layout(rows: Sequence[Row], found: Findings, method: str, file: str) -> None:
    wrong = [(row.line, f"a {row.layout} row; {_EXPECTED[method]}") for row in rows if row.layout != _LAYOUTS[method]]
    found.many("unknown_layout", wrong, file=file)


def _is_fault(one: Finding) -> bool:
    return one.name in _REFUSED or (one.grade == "stop" and one.name not in _TAKEN)


def _told(faults: Sequence[Finding]) -> str:
    more = f" And {len(faults) - _MOST_SAID} other kinds of faults." if len(faults) > _MOST_SAID else ""
    return " ".join(f"{_said(one)}." for one in faults[:_MOST_SAID]) + more


def _said(one: Finding) -> str:
    """A kind of fault with the lines where it stands."""
    places = [f"line {at.line}" + (f" ({at.said})" if at.said else "") if at.line else at.said for at in one.examples]
    left = one.count - len(one.examples)
    where = "; ".join(place for place in places if place) + (f"; and {left:,} more" if left > 0 else "")
    return f"{one.message[:1].upper()}{one.message[1:]}" + (f": {where}" if where else "")


def _of_trained(counter: TokenCounter) -> TokenCounter:
    """Counts a row as it will train; a row of which nothing trains has a fault already."""

    def count(turns: Turns, tools: Tools) -> RowTokens:
        found = trained(turns)
        return counter.count(found, tools) if found else NONE

    return replace(counter, count=count)


def trained(turns: Turns) -> list[dict[str, Json]]:
    """The turns as they train: each of the assistant's with its weight, none behind the last one that trains."""
    said = [_weighted(turn) for turn in turns]
    last = max((place for place, turn in enumerate(said, 1) if turn.get("weight") == 1), default=0)
    return said[:last]


def _weighted(turn: Mapping[str, Json]) -> dict[str, Json]:
    plain = _plain(turn)
    return plain if turn.get("role") != "assistant" else {**plain, "weight": 0 if turn.get("weight") == 0 else 1}


def _plain(turn: Mapping[str, Json]) -> dict[str, Json]:
    """A turn whose content is text, or nothing where it calls tools, as chat templates read it."""
    text = content.text(turn.get("content"))
    kept = {name: value for name, value in turn.items() if name not in ("weight", "refusal", "content")}
    return {**kept, "content": turn.get("refusal") if text is None else text}


def write(path: Path, out: Path, method: str) -> None:
    """The rows of a good file as they train, a line each."""
    write_atomic(out, (json.dumps(row).encode() + b"\n" for row in _rows(path, method)))


def _rows(path: Path, method: str) -> Iterator[dict[str, Json]]:
    for line in json_lines.read(path, Findings()):
        found = layouts.layout(line.value)
        tools = {"tools": found.tools} if found.tools else {}
        if method == "supervised":
            yield {"messages": trained(found.sides[0]), **tools}
            continue
        better, worse = ([_plain(turn) for turn in side] for side in found.sides)
        if better[:-1] != worse[:-1]:
            raise FileFault(
                f"The file is invalid. Line {line.number}: expected one turn of the assistant's in preferred_output and in non_preferred_output",
                code="invalid_training_file", param="training_file",
            )  # fmt: skip
        yield {"messages": better[:-1], "better": better[-1], "worse": worse[-1], **tools}
