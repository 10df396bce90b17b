"""Logged calls that the student handles badly → candidates for seeds: the task's own fields, masked, or why a call is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import polars as pl

from distill.curate.gates.private import hidden
from distill.lifecycle.harvest.masking import CannotMask, masked_fields
from distill.lifecycle.logs.task_shape import TaskShape
from distill.records import Json

_WHY = 120
"""Characters of a reason that are kept."""
NEEDED = ("file", "line", "item", "time", "fields", "labels", "private", "why")
"""The columns that a batch of candidates has: those of `LOGGED`, and `why` each is one."""
GOLD = "gold"
"""A further column that it may have: an answer that is known to be right, as JSON."""


@dataclass(frozen=True, slots=True)
class SeedCandidate:
    """A row that may become a seed: its fields after masking, and the text by which it is compared before and after."""

    place: str
    """The log's file and line, app.jsonl:12, with the call of that line where it is not the first."""
    why: str
    time: str | None
    fields: Mapping[str, Json]
    labels: Mapping[str, Json]
    input: str
    before: str
    gold: Json = None
    """The answer that is known to be right, after masking; None where nobody knows it."""

    @property
    def masked(self) -> bool:
        return self.input != self.before


@dataclass(frozen=True, slots=True)
class DroppedCandidate:
    """A candidate that does not become a seed, and why; nothing of its text stands here."""

    place: str
    why: str
    reason: str
    detail: str


@dataclass(slots=True)
class Intake:
    """Takes candidates from batches of logged calls; what goes is in `dropped`."""

    shape: TaskShape
    labels: Mapping[str, str]
    at_most: int
    kept: list[SeedCandidate] = field(default_factory=list)
    dropped: list[DroppedCandidate] = field(default_factory=list)

    def take(self, batches: Iterable[pl.DataFrame]) -> None:
        """Every row of them."""
        for batch in batches:
            for row in batch.select(pl.col(*NEEDED), *(batch[GOLD],) if GOLD in batch.columns else ()).iter_rows(
                named=True
            ):
                self._row(row)

    def drop(self, place: str, why: str, reason: str, detail: str) -> None:
        self.dropped.append(DroppedCandidate(place, why, reason, detail))

    def _row(self, row: Mapping[str, Any]) -> None:
        place = f"{row['file']}:{row['line']}" + (f"/{row['item']}" if row["item"] else "")
        why = hidden(str(row["why"]), persons=True)[:_WHY]
        if row["private"]:
            self.drop(place, why, "private", "the row is marked private")
            return
        if len(self.kept) >= self.at_most:
            self.drop(place, why, "over_limit", f"{self.at_most:,} candidates came before it")
            return
        fields = orjson.loads(row["fields"]) if row["fields"] else {}
        if missing := [name for name in self.shape.variables if self._lacks(fields, name)]:
            self.drop(place, why, "fields_unknown", f"the log does not tell {', '.join(missing)}")
            return
        labels = {**self.labels, **orjson.loads(row["labels"] or "{}")}
        if lacking := [name for name in self.shape.columns if _is_blank(labels.get(name))]:
            said = f"the log has no {', '.join(lacking)}; give it a value for harvested rows, or let a model or a rule say it (strata.labels)"
            self.drop(place, why, "no_label", said)
            return
        self._mask(
            place,
            why,
            row["time"].isoformat() if row["time"] else None,
            fields,
            {name: labels[name] for name in self.shape.columns},
            orjson.loads(row[GOLD]) if row.get(GOLD) else None,
        )

    def _lacks(self, fields: Mapping[str, Json], name: str) -> bool:
        return name not in fields or (name not in self.shape.blank and _is_blank(fields[name]))

    def _mask(
        self, place: str, why: str, time: str | None, fields: Mapping[str, Json], labels: Mapping[str, Json], gold: Json
    ) -> None:
        own = {name: fields[name] for name in self.shape.variables}
        try:
            clean, plain, known = masked_fields(own), masked_fields(labels), masked_fields({GOLD: gold})[GOLD]
        except CannotMask as error:
            self.drop(place, why, "cannot_mask", str(error))
            return
        self.kept.append(
            SeedCandidate(place, why, time, clean, plain, self.shape.input(clean), self.shape.input(own), known)
        )


def _is_blank(value: Json) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def rows_of(dropped: Iterable[DroppedCandidate]) -> Iterator[tuple[str, str, str, str]]:
    """Rows of the table beside the seeds file."""
    return ((one.place, one.why, one.reason, one.detail) for one in dropped)
