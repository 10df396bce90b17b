"""Strata in which the student fell clearly below the teacher, with many strata taken into account."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.evaluate.scores import Scores, most
from distill.stats import p_worse
from distill.stats.holm import holm
from distill.text.percentages import percent

LEAST = 5
"""Rows of a stratum from which a fall in it is named."""
SHOWN = 3
"""Strata that are named in a sentence."""


@dataclass(frozen=True, slots=True)
class FallenStratum:
    """Test rows that have something in common, and on which the student is clearly worse than the teacher."""

    name: str
    rows: int
    student: float
    teacher: float
    clear: bool
    """It lost more than is allowed, with a chance of 5 % that any of the strata is named so wrongly; else it has nothing right."""

    @property
    def sentence(self) -> str:
        own, theirs = percent(self.student, 0), percent(self.teacher, 0)
        return f"{self.name}: the student gets {own} and the teacher {theirs}, on {self.rows} test rows."


def fallen_strata(scores: Scores, metric: str, tests: pl.DataFrame, margin: float) -> list[FallenStratum]:
    """Labels, and strata of several, the deepest fall first. The rows count as independent: a stratum has few."""
    student, teacher = scores.get(("student", metric), {}), scores.get(("teacher", metric), {})
    rows: dict[str, tuple[list[float], list[float]]] = {}
    for name, seeds in groups(tests).items():
        both = sorted(student.keys() & teacher.keys() & set(seeds))
        if len(both) >= LEAST:
            rows[name] = [student[seed] for seed in both], [teacher[seed] for seed in both]
    top = most(metric, "teacher")
    clear = set(holm({name: p_worse(*values, margin, highest=top) for name, values in rows.items()}))
    found = [
        FallenStratum(name, len(own), sum(own) / len(own), sum(theirs) / len(own), clear=name in clear)
        for name, (own, theirs) in rows.items()
        if name in clear or (not any(own) and any(theirs))
    ]
    return sorted(found, key=lambda one: (one.student - one.teacher, one.name))


def groups(tests: pl.DataFrame) -> dict[str, list[str]]:
    """What rows have in common → their seeds: each label's value, and the stratum where it is of several labels."""
    found: dict[str, list[str]] = {}
    if "labels" not in tests.columns:
        return found
    stratum = tests["stratum"] if "stratum" in tests.columns else [None] * tests.height
    for seed, text, whole in zip(tests["seed_id"], tests["labels"], stratum, strict=True):
        labels: Mapping[str, str] = json.loads(text or "{}")
        for label, value in labels.items():
            found.setdefault(f"{label} = {value}", []).append(seed)
        if len(labels) > 1 and whole:
            found.setdefault(f"stratum {whole}", []).append(seed)
    return {name: seeds for name, seeds in found.items() if len(seeds) < tests.height}


def listed(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    more = len(names) - SHOWN
    return f"{', '.join(names[:SHOWN])}{f' and {more} more' if more > 0 else ''}"
