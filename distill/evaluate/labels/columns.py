"""Which fields of the answers are labels, and what each arm said in them, row by row.

A field is one of labels where the schema lists its values, or where its known values are short texts (or true and false) that come twice
or more on average. What an arm said is the label that counts as the same (`distill.values.plain`), else its own words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from distill.evaluate.fields import FieldRules
from distill.evaluate.metrics.answers import value_in
from distill.records import Json
from distill.values import plain
from distill.values.answer import WHOLE, Unreadable
from distill.values.free_text import label_like
from distill.values.rules import Path, Rules

UNREADABLE, NOTHING, NO_LABEL = "(unreadable)", "(nothing)", "(no label)"
MOST = 300
"""Labels of a field; one with more is no closed set."""
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class LabelColumn:
    """A field: the label that each row wants, and what each arm said on the rows that it answered."""

    path: Path
    against: str
    wanted: Mapping[str, str]
    """seed_id → label."""
    said: Mapping[str, Mapping[str, str]]
    """arm → seed_id → label, or what was said instead of one."""

    @property
    def name(self) -> str:
        return ".".join(self.path) or WHOLE


def columns(
    rules: FieldRules, texts: Mapping[str, Mapping[str, str]], schema: Mapping[str, Json] | None
) -> list[LabelColumn]:
    """The fields of labels, against known answers where there are some, else against the teacher's. `texts`: arm → seed_id → answer."""
    known = bool(rules.wanted)
    values, how = (rules.wanted, rules.gold) if known else (rules.theirs, rules.teacher)
    arms = {arm: said for arm, said in texts.items() if known or arm != "teacher"}
    found = []
    for path in _paths(values):
        labels = _labels(values, path, how)
        if labels is not None:
            said = {arm: dict(_said(given, values, labels, path, how, schema)) for arm, given in arms.items()}
            against = "known answers" if known else "teacher"
            found.append(LabelColumn(path, against, {seed: label for seed, (label, _) in labels.items()}, said))
    return [column for column in found if any(column.said.values())]


def _paths(values: Mapping[str, Json]) -> list[Path]:
    """Every path to a plain value, through objects only, in the order in which they come."""
    found: dict[Path, None] = {}
    for value in values.values():
        found.update(dict.fromkeys(_plain_paths(value, ())))
    return list(found)


def _plain_paths(value: Json, path: Path) -> Iterator[Path]:
    if isinstance(value, str | bool):
        yield path
    elif isinstance(value, dict) and "tool_calls" not in value:
        for name, inside in value.items():
            yield from _plain_paths(inside, (*path, name))


def _labels(values: Mapping[str, Json], path: Path, how: Rules) -> dict[str, tuple[str, Json]] | None:
    """seed_id → (label, value) of the rows that want one; None where the field is none of labels."""
    there = {seed: inside for seed, value in values.items() if (inside := at(value, path)) is not None}
    if not how.counts(path) or how.at(path).kind not in (None, "text", "exact"):
        return None
    if not all(isinstance(one, str | bool) for one in there.values()):
        return None
    first: dict[str, str] = {}
    labels = {seed: (first.setdefault(plain.name(one), shown(one)), one) for seed, one in there.items()}
    short = path in how.closed or (
        all(isinstance(one, bool) or label_like(one) for one in there.values()) and 2 * len(first) <= len(there)
    )
    return labels if short and 2 <= len(first) <= MOST else None


def _said(
    texts: Mapping[str, str], values: Mapping[str, Json], labels: Mapping[str, tuple[str, Json]], path: Path, how: Rules,
    schema: Mapping[str, Json] | None,
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """(seed_id, label) of each row that wants one and that was answered."""
    known = {plain.name(value): label for label, value in labels.values()}
    for seed, (label, wanted) in labels.items():
        if seed not in texts:
            continue
        try:
            found = at(value_in(texts[seed], values[seed], schema, how), path)
        except Unreadable:
            yield seed, UNREADABLE
            continue
        if found is None or isinstance(found, dict | list):
            yield seed, NOTHING if found is None else NO_LABEL
        else:
            yield seed, label if plain.same(wanted, found, how.at(path)) else known.get(plain.name(found), shown(found))


def at(value: Json, path: Sequence[str]) -> Json:
    """The value at a path of fields; None where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def shown(value: Json) -> str:
    """A label as it is shown: true and false as JSON writes them, and never a whole letter."""
    text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
