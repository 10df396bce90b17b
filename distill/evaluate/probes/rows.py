"""What the probes look at that cost no call: the answers of student and teacher on the test rows, and the rows that trained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.curate.gates.wording import texts
from distill.evaluate.evidence.clusters import clusters_of
from distill.records import Json
from distill.text.normalise import normalise

if TYPE_CHECKING:
    import polars as pl

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class AnsweredRow:
    """One test row with what student and teacher said; None where there is no answer."""

    seed_id: str
    input: str
    student: str | None
    teacher: str | None
    cluster: str = ""
    """Which rows belong together; empty where it is alone."""

    @property
    def pair(self) -> tuple[str, str] | None:
        """(student, teacher), where both answered."""
        return None if self.student is None or self.teacher is None else (self.student, self.teacher)


@dataclass(frozen=True, slots=True)
class ProbeRows:
    """`train` are (input, answer) of the rows that trained; `scores` are by (arm, metric) and seed_id."""

    answered: Sequence[AnsweredRow]
    train: Sequence[tuple[str, str]] = ()
    losses: Sequence[Mapping[str, Json]] = ()
    scores: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    metric: str = ""


def answered_rows(tests: pl.DataFrame, calls: pl.DataFrame) -> list[AnsweredRow]:
    """The test rows of seeds.parquet with the answers of calls.parquet."""
    said = {
        (arm, seed): text
        for arm, seed, text, ended in calls.select("arm", "seed_id", "text", "ended").iter_rows()
        if ended == "ok" and text is not None
    }
    clusters = clusters_of(tests)
    return [
        AnsweredRow(seed, asked or "", said.get(("student", seed)), said.get(("teacher", seed)), clusters.get(seed, ""))
        for seed, asked in tests.select("seed_id", "input").sort("seed_id").iter_rows()
    ]


def together(rows: Iterable[AnsweredRow]) -> list[str]:
    """The cluster of each of some rows; one that is alone has a name of its own."""
    return [row.cluster or f"alone:{row.seed_id}" for row in rows]


def answer_words(answer: str) -> list[str]:
    """The words of an answer; where it is JSON, of the texts in it."""
    return words(" ".join(texts(answer)))


def words(text: str) -> list[str]:
    """The words of a text, normalised."""
    return _WORD.findall(normalise(text))


def grams(found: Sequence[str], size: int) -> Iterable[tuple[str, ...]]:
    """The runs of `size` words, from left to right."""
    return zip(*(found[start:] for start in range(size)), strict=False)
