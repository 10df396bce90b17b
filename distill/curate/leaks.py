"""Drop every sample that gives away a held-out row: what the student has seen cannot measure it.

Two ways count: an input near a held-out input (`near_test_row`), and a passage of 13 words that a held-out row has too, be
it in the sample's input or in its answer (`shares_13_gram`; the rule is `distill.curate.passages`). Held-out rows are those of
the test, of named evaluation sets, and after the split those for validation. They always stay; the sample goes.

A passage that the answers of both have, and neither input, is none: who gets the same stock reply knows nothing of the test row.
Nor is one of two inputs that are alike but for their numbers or negations (`distill.similarity.decisive`): the row asks something else.

The report counts as `template_passages` the passages that so many rows hold that they are no leak (`common`). A sample that passes
is marked in the column `<stage>_template` with whether it holds such a passage. The mark lets it pass again: where some of
the others have gone, the passage might no longer look common.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from distill.chat import conversation
from distill.curate import passages
from distill.curate.passage_index import text_of
from distill.similarity import decisive
from distill.similarity.arrays import Int64s
from distill.similarity.graph import Graph
from distill.similarity.pairs import Shingles, jaccard, shingles
from distill.tables.outcome import Outcome, ordered, partition
from distill.text.normalise import normalise

Drops = dict[int, tuple[str, str]]
SHARE = 20
_WITH_DIGITS = re.compile(r"\S*\d\S*")
TEXTS = ("input", "answer", "tool_calls", "labels")
"""What of a row is large, and is not needed once it is looked at."""


class TextTable(Protocol):
    """Rows with their texts, in memory (`InMemory`) or elsewhere."""

    @property
    def height(self) -> int: ...
    def slice(self, start: int, length: int, columns: Sequence[str]) -> pl.DataFrame:
        """So many rows from one on."""

    def cells(self, at: int, columns: Sequence[str]) -> tuple[str, ...]:
        """One row."""


@dataclass(frozen=True, slots=True)
class InMemory:
    """A table of samples."""

    rows: pl.DataFrame

    @property
    def height(self) -> int:
        return self.rows.height

    def slice(self, start: int, length: int, columns: Sequence[str]) -> pl.DataFrame:
        return self.rows.select(columns)[start : start + length]

    def cells(self, at: int, columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(self.rows[name][at] for name in columns)


class _RowTexts(Sequence[str]):
    """The text of each sample, put together when it is looked at: of a million they would not fit in memory twice."""

    columns: tuple[str, ...] = ("input", "answer", "tool_calls")

    def __init__(self, rows: TextTable) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return self._rows.height

    def part(self, start: int, stop: int) -> Sequence[str]:
        """The texts of some of the rows."""
        return type(self)(InMemory(self._rows.slice(start, stop - start, self.columns)))

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            start, stop, _ = at.indices(len(self))
            return [_spoken(parts) for parts in self._rows.slice(start, stop - start, self.columns).iter_rows()]
        return _spoken(self._rows.cells(at, self.columns))


def _spoken(parts: Sequence[str]) -> str:
    """The parts of a row, input first; of a conversation without its speakers, with which canned turns would make runs of 13 words."""
    return text_of(conversation.spoken(parts[0]), *parts[1:])


class _Inputs(_RowTexts):
    """The part of each with which it begins."""

    columns = ("input",)


def common(rows: int) -> int:
    """How many others may hold a passage until it is template text, where there are so many rows: one in 20, at most 10.

    The 10 are the practice for sets of millions. In a set of thirty a signature that three rows share is none of them.
    """
    return min(passages.COMMON, max(1, rows // SHARE))


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One row that must not train: of which set ("test", "valid", or a name), and what is known of it."""

    row: str
    input: str
    answer: str = ""
    """The known answer, or for a validation row the teacher's; blank where there is none."""
    set: str = "test"
    sure: bool = True
    """Whether `input` is known to be the input; otherwise all of the row may be, and counts as such."""

    def __str__(self) -> str:
        return (
            f"{self.set} row {self.row}"
            if self.set in ("test", "calibration", "valid")
            else f"row {self.row} of {self.set}"
        )


def leaks(
    frame: pl.DataFrame,
    *,
    held_out: Sequence[HeldOut],
    near: float,
    graph: Graph | None = None,
    template: Sequence[str] = (),
    stage: str = "leaks",
) -> Outcome:
    """`near`: similarity in (0, 1] that is too near; `graph`: what is known of the inputs; `template`: texts that every row may
    hold, such as the values that a schema enumerates.
    """
    rows = ordered(frame)
    drops, marks, templates = _told(rows, held_out, near, graph, template, f"{stage}_template")
    out = partition(rows.with_columns(marks), drops, stage=stage)
    return Outcome(out.kept, out.dropped, out.report | {"template_passages": templates}, out.rejected)


def valid_leaks(
    frame: pl.DataFrame, *, near: float, graph: Graph | None = None, template: Sequence[str] = ()
) -> Outcome:
    """The same of an ordered frame that is split: training rows that give away one for validation, which stay whatever they are.

    What comes back has the frame's columns without the texts: a million rows are looked at several times over.
    """
    stage, watching = "valid_leaks", frame.filter(fate="valid")
    named = watching.select("seed_id", "input", "answer", pl.lit("valid")).iter_rows()
    training = frame.filter(fate="train")
    drops, marks, templates = _told(
        training, [HeldOut(*row) for row in named], near, graph, template, f"{stage}_template"
    )
    out = partition(training.drop(TEXTS).with_columns(marks), drops, stage=stage)
    kept = pl.concat([out.kept, watching.drop(TEXTS)], how="diagonal")
    report = out.report | {"in": frame.height, "kept": kept.height, "template_passages": templates}
    return Outcome(kept, out.dropped, report, out.rejected)


def _told(
    rows: pl.DataFrame,
    held_out: Sequence[HeldOut],
    near: float,
    graph: Graph | None,
    template: Sequence[str],
    mark: str,
) -> tuple[Drops, pl.Series, int]:
    """(what gives a held-out row away, the marks of template text, passages that are such)."""
    known = rows[mark] if mark in rows.columns else pl.repeat(None, rows.height, dtype=pl.Boolean, eager=True)
    if not rows.height or not held_out:
        return {}, known.fill_null(False).alias(mark), 0
    new = known.is_null()
    graph = graph or Graph.of([], threshold=near)
    drops, marks, templates = shared_passages(InMemory(rows), held_out, near, numbers=graph.numbers, template=template)
    drops = {i: drop for i, drop in drops.items() if new[i]}
    drops |= near_held_out(rows["input"], held_out, near, graph)
    return drops, known.fill_null(pl.Series(marks, dtype=pl.Boolean)).alias(mark), templates


def shared_passages(
    rows: TextTable, held_out: Sequence[HeldOut], near: float, *, numbers: bool, template: Sequence[str] = ()
) -> tuple[Drops, list[bool], int]:
    """(the rows that share a passage with a held-out one, whether each shares template text alone, passages that are such).

    The rows are read in order and few of them again, so they need not be in memory. `numbers` is whether other numbers or negations make
    two inputs of alike ones.
    """
    sizes = Counter(row.set for row in held_out)
    found = passages.find(
        _RowTexts(rows),
        [(conversation.spoken(row.input), row.answer) for row in held_out],
        inputs=_Inputs(rows),
        unsure=[not row.sure for row in held_out],
        common=[common(rows.height + sizes[row.set]) for row in held_out],
        template=template,
        apart=_apart(rows, held_out, near) if numbers else None,
    )
    drops: Drops = {}
    for i, quote in enumerate(found.quotes):
        if quote is not None:
            drops[i] = ("shares_13_gram", f"{held_out[quote.held_out]}: both have {quote.passage!r}")
    return drops, found.template, found.templates


def _apart(rows: TextTable, held_out: Sequence[HeldOut], near: float) -> passages.Apart:
    """Which inputs are those of held-out rows but for numbers or negations: near by all that is no number, with other marks."""

    @lru_cache(maxsize=1 << 14)
    def read(text: str) -> tuple[decisive.DecisiveMarks, Shingles]:
        plain = normalise(text)
        return decisive.marks(plain), shingles(_WITH_DIGITS.sub("0", plain))

    def apart(places: Int64s, others: Int64s) -> NDArray[np.bool_]:
        found = []
        for place, other in zip(places.tolist(), others.tolist(), strict=True):
            (said, own), (known, theirs) = read(*rows.cells(place, ("input",))), read(held_out[other].input)
            found.append(said != known and jaccard(own, theirs) >= near)
        return np.array(found, np.bool_)

    return apart


def near_held_out(inputs: pl.Series, held_out: Sequence[HeldOut], near: float, graph: Graph) -> Drops:
    """The inputs that are near a held-out one, by their places."""
    drops = {}
    for i, nearest in enumerate(graph.nearest(inputs, [row.input for row in held_out], threshold=near)):
        if nearest is not None:
            row = held_out[nearest.index]
            reason = f"near_{row.set}_row" if row.set in ("valid", "calibration") else "near_test_row"
            drops[i] = (reason, f"{row}: {nearest.with_limit(near, graph.meaning)}")
    return drops
