"""Soft labels: how sure the teacher was of each field of an answer, by the probabilities of its tokens, for a classifier to learn.

A known answer counts whole, and so does one whose endpoint gave no probabilities; how many these are is reported.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from distill.records import Answer, Json
from distill.teacher.store import rows
from distill.teacher.store.reader import reading
from distill.values.answer import WHOLE
from distill.values.confidence import names_in, of_tokens

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class SoftLabels:
    """What the training rows of a classifier count."""

    sure: Mapping[str | None, Mapping[str, float]]
    """By request: field → the probability of its value. Requests whose answer has none are left out."""
    weighed: int
    """Rows that count as much as the teacher was sure."""
    without: int
    """Rows whose answer has no probabilities: they count whole, as the `known` ones do."""
    known: int

    @property
    def figures(self) -> dict[str, Json]:
        return {"weighed": self.weighed, "without_probabilities": self.without, "known": self.known}

    @property
    def sentence(self) -> str:
        said = [f"{self.weighed:,} by the teacher's probabilities"]
        if self.without:
            said.append(f"{self.without:,} whole, for the endpoint gave none with their answers")
        if self.known:
            said.append(f"{self.known:,} whole, for their answers are known")
        nothing = "" if self.weighed else "; this is what training without soft_labels learns"
        return f"soft labels, {self.weighed + self.without + self.known:,} rows count: {', '.join(said)}{nothing}"


def of_rows(store: Path, samples: pl.DataFrame) -> SoftLabels:
    """Of the rows of samples.parquet that a classifier learns, by a store's file. It is opened here: a training is in a thread of its own."""
    learnt = samples.filter(samples["fate"].is_in(["train", "valid"]) & (samples["tool_calls"] == ""))
    requests = [request for request in learnt["request_id"].to_list() if request]
    with reading(store) as db:
        found = {answer.request_id: by_field(answer) for answer in _answers(db, requests)}
    sure: dict[str | None, Mapping[str, float]] = {request: fields for request, fields in found.items() if fields}
    weighed = sum(request in sure for request in requests)
    return SoftLabels(sure, weighed, len(requests) - weighed, learnt.height - len(requests))


def _answers(db: sqlite3.Connection, requests: Iterable[str]) -> Iterator[Answer]:
    for request in requests:
        row = db.execute(rows.READ, (request,)).fetchone()
        if row is not None:
            yield rows.read(request, row)


def by_field(answer: Answer) -> dict[str, float]:
    """Field of an answer → the probability of what it says there; a plain answer is the field `answer`. Empty where none is known."""
    text, logprobs = answer.text, answer.logprobs
    asked = {name: of_tokens(text, logprobs, (name,)) for name in names_in(text)}
    found = asked or {WHOLE: of_tokens(text, logprobs)}
    return {name: sure for name, sure in found.items() if sure is not None}
