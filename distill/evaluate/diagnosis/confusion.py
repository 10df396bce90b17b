"""Two labels that people and the teacher tell apart differently: the pair that most of the teacher's errors in a field are about."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.records import Json, canonical
from distill.values import answer as answer_value
from distill.values.answer import WHOLE, Unreadable

if TYPE_CHECKING:
    import polars as pl

_LEAST, _OF_ERRORS, _OF_ROWS = 5, 0.5, 0.15
"""Rows of a pair, its share of the field's errors, and of the rows that are known to be one of the two."""
_WRONG = 0.5
"""Share of the rows that a teacher may have wrong: one that says the same to all confuses nothing, it does not know. So it has to use both labels, too."""
_CLOSED = 50
"""Most values of a field that is a label."""
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """Rows whose known answer is one of the two labels and whose teacher says the other."""

    field: str
    one: str
    other: str
    teacher: int
    """Rows that the teacher confuses."""
    student: int
    """Rows that the student confuses."""
    rows: int
    """Test rows that are known to be one of the two."""
    errors: int
    """Rows in which the teacher has the field wrong in any way."""
    examples: tuple[tuple[str, str, str, str], ...]
    """(seed_id, input, known, teacher's)."""


def confused_pair(tests: pl.DataFrame, calls: pl.DataFrame) -> ConfusedPair | None:
    """The pair with the most rows over all fields; None where there is none, or no known answer."""
    known = _known(tests)
    teacher, student = _said(calls, "teacher"), _said(calls, "student")
    inputs = dict(tests.select("seed_id", "input").iter_rows())
    fields = sorted({name for values in known.values() for name in values})
    found = [pair for name in fields if (pair := _of_field(name, known, teacher, student, inputs)) is not None]
    return max(found, key=lambda pair: pair.teacher, default=None)


def _known(tests: pl.DataFrame) -> dict[str, Mapping[str, Json]]:
    return {seed: json.loads(gold) for seed, gold in tests.select("seed_id", "gold").iter_rows() if gold}


def _said(calls: pl.DataFrame, arm: str) -> dict[str, Mapping[str, Json]]:
    """seed_id → the fields of an arm's answer; a plain value is the field `answer`."""
    said: dict[str, Mapping[str, Json]] = {}
    for seed, text in (
        calls.filter((calls["arm"] == arm) & (calls["ended"] == "ok")).select("seed_id", "text").iter_rows()
    ):
        with suppress(Unreadable):
            value = _value(text or "")
            said[seed] = value if isinstance(value, dict) else {WHOLE: value}
    return said


def _value(text: str) -> Json:
    return answer_value.read(text, "object" if "{" in text else "plain")


def _of_field(
    name: str, known: Mapping[str, Mapping[str, Json]], teacher: Mapping[str, Mapping[str, Json]],
    student: Mapping[str, Mapping[str, Json]], inputs: Mapping[str, str],
) -> ConfusedPair | None:  # fmt: skip
    gold = {seed: _spelt(values[name]) for seed, values in known.items() if isinstance(values.get(name), str | bool)}
    theirs = {seed: _spelt(teacher[seed].get(name)) for seed in gold if seed in teacher}
    labels = set(gold.values())
    wrong = {seed: (gold[seed], said) for seed, said in theirs.items() if said != gold[seed]}
    pairs = Counter(tuple(sorted(pair)) for pair in wrong.values() if set(pair) <= labels)
    if not pairs or len(labels) > _CLOSED or len(wrong) > _WRONG * len(theirs):
        return None
    (one, other), count = max(pairs.items(), key=lambda item: (item[1], item[0]))
    rows = sum(value in (one, other) for value in gold.values())
    if not {one, other} <= set(theirs.values()):
        return None
    if count < _LEAST or count < _OF_ERRORS * len(wrong) or count < _OF_ROWS * rows:
        return None
    confused = [seed for seed, pair in wrong.items() if set(pair) == {one, other}]
    own = sum({gold[seed], _spelt(student[seed].get(name))} == {one, other} for seed in gold if seed in student)
    examples = tuple((seed, inputs.get(seed, ""), *wrong[seed]) for seed in sorted(confused)[:_SHOWN])
    return ConfusedPair(name, one, other, count, own, rows, len(wrong), examples)


def _spelt(value: Json) -> str:
    return value if isinstance(value, str) else canonical(value)
