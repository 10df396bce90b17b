"""Strata that go to the teacher whole, since the student's answers there are clearly worse even where they would be taken.

They are judged by the answers that a threshold takes: a student that is unsure of a stratum sends it to the teacher anyway. All test rows
name those that ship. To measure what the rule is worth, rows may not name their own: each half of the test rows is sent by what the other
half named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Set
from dataclasses import dataclass

import polars as pl

from distill.evaluate.comparison import Comparison
from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.evidence.strata import FallenStratum, fallen_strata, groups
from distill.evaluate.metrics.names import likeness_to_teacher
from distill.evaluate.scores import Scores


@dataclass(frozen=True, slots=True)
class FailedStratum:
    """A stratum with the labels that its rows have in common, and what both get there."""

    name: str
    where: Mapping[str, str]
    rows: int
    student: float
    teacher: float

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether a row with these labels lies in it."""
        return all(labels.get(name) == value for name, value in self.where.items())


def failed_strata(scores: Scores, found: Comparison, tests: pl.DataFrame, kept: Set[str]) -> list[FailedStratum]:
    """Those in which the student's answers are clearly worse, by more than the margin, on the rows that are `kept` (seed ids)."""
    inside = groups(tests)
    labels: dict[str, dict[str, str]] = {
        seed: json.loads(text or "{}") for seed, text in tests.select("seed_id", "labels").iter_rows()
    }
    return [
        FailedStratum(one.name, _where(one.name, labels[inside[one.name][0]]), one.rows, one.student, one.teacher)
        for one in _fallen(scores, found, tests, kept)
    ]


def _fallen(scores: Scores, found: Comparison, tests: pl.DataFrame, kept: Set[str]) -> list[FallenStratum]:
    if likeness_to_teacher(found.metric) or "labels" not in tests.columns:
        return []
    taken = tests.filter(pl.col("seed_id").is_in(list(kept)))
    return [one for one in fallen_strata(scores, found.metric, taken, found.margin) if one.clear]


def _where(name: str, labels: Mapping[str, str]) -> dict[str, str]:
    """The one label that a name spells, of a row that lies in it; all labels where it is a stratum of several."""
    return {label: value for label, value in labels.items() if f"{label} = {value}" == name} or dict(labels)


def failed_by_halves(scores: Scores, found: Comparison, tests: pl.DataFrame, kept: Set[str]) -> Set[str]:
    """The seeds of the rows that lie in a stratum which the other half of the rows shows to have failed."""
    clusters, seeds = clusters_of(tests), tests["seed_id"].to_list()
    second = pl.Series([_half(clusters.get(seed, seed)) for seed in seeds], dtype=pl.Boolean)
    halves = [tests.filter(second), tests.filter(~second)]
    failed, inside = set[str](), groups(tests)
    for own, others in (halves, halves[::-1]):
        named = [one.name for one in _fallen(scores, found, others, kept)]
        failed |= {seed for name in named for seed in inside[name]} & set(own["seed_id"])
    return failed


def _half(name: str) -> bool:
    """Rows that belong together lie in one half, and in the same one each time."""
    return bool(hashlib.blake2b(name.encode(), digest_size=1).digest()[0] & 1)
