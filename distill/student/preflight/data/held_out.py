"""Whether validation and test rows are apart from the training rows, and enough."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from distill.records import Json
from distill.similarity.pairs import nearest
from distill.student.preflight.data import turns
from distill.student.preflight.data.rows import Row
from distill.student.preflight.data.together import NEAR, asked
from distill.student.preflight.findings import Findings

_USUAL = (0.02, 0.5)
_LEAST = 10
_ENOUGH = 1000
"""Validation rows that are enough, whatever their share."""


def share(train: int, valid: int, found: Findings, *, file: str) -> None:
    """Note a share of validation rows that nobody would choose, or rows so few that their loss is mostly chance."""
    if not valid or not train:
        return
    part = valid / (train + valid)
    unusual = (part < _USUAL[0] and valid < _ENOUGH) or part > _USUAL[1]
    if unusual or valid < _LEAST:
        said = f"{valid:,} of {train + valid:,} rows, {part:.1%}"
        found.add("valid_share", said=said, file=file, grade="warning" if unusual else "note")


def apart(train: Sequence[Row], held_out: Sequence[Row], what: str, found: Findings, *, file: str) -> None:
    """Note rows of a held-out file (`what`: valid or test) whose question stands in the training rows, or near one of them."""
    lines: dict[str, int] = {}
    for row in train:
        lines.setdefault(row.prompt, row.line)
    same = [row for row in held_out if row.prompt in lines]
    found.many(
        f"shared_with_{what}",
        [(row.line, f"as line {lines[row.prompt]} of the training file") for row in same],
        file=file,
    )
    others = [row for row in held_out if row.prompt not in lines]
    if not others or not train:
        return
    texts = asked([*train, *others])
    near = nearest(texts[len(train) :], texts[: len(train)], threshold=NEAR)
    for row, hit in zip(others, near, strict=True):
        if hit is not None:
            said = f"as line {train[hit[0]].line} of the training file, {hit[1]:.0%} alike"
            found.add(f"near_{what}", row.line, said, file=file)


def test_rows(path: Path) -> list[Row]:
    """The questions of a test file: `messages` that end with the user's turn, or with the known answer; other lines are left out."""
    rows = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        with suppress(ValueError, TypeError, KeyError, RecursionError):
            rows.append(_asked(json.loads(line), number))
    return rows


def _asked(value: Mapping[str, Json], number: int) -> Row:
    given = [turn for turn in value["messages"] if turn["role"] not in ("system", "developer")]
    known = given[:-1] if given[-1]["role"] == "assistant" else given
    prompt = "\n".join(f"{turn['role']}: {turns.said(turn)}" for turn in known)
    return Row(number, "chat", "", prompt, "")
