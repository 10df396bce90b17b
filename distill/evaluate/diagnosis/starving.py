"""A stratum that starves: few rows of a label's value trained, and the student falls below its teacher there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.stats import Estimate, paired_difference

if TYPE_CHECKING:
    import polars as pl

_TESTS, _TRAINED, _SHARE = 5, 50, 0.5
"""Test rows that tell anything; training rows that are enough; share of the mean of the label's other values that is few."""


@dataclass(frozen=True, slots=True)
class StarvingStratum:
    """A label's value that few training rows have; `gap` is student minus teacher in it."""

    label: str
    value: str
    trained: int
    others: float
    """Training rows of the label's other values, in the mean."""
    gap: Estimate


def starving_stratum(
    tests: pl.DataFrame, train: pl.DataFrame, student: Mapping[str, float], teacher: Mapping[str, float]
) -> StarvingStratum | None:
    """The one with the deepest fall; `train` are the rows of samples.parquet that trained, the others scores by seed_id."""
    if "labels" not in tests.columns or "labels" not in train.columns:
        return None
    trained: dict[str, Counter[str]] = {}
    for labels in map(_labels, train["labels"]):
        for name, value in labels.items():
            trained.setdefault(name, Counter())[value] += 1
    seeds: dict[tuple[str, str], list[str]] = {}
    for seed, text in tests.select("seed_id", "labels").iter_rows():
        for name, value in _labels(text).items():
            if seed in student and seed in teacher:
                seeds.setdefault((name, value), []).append(seed)
    found = [
        StarvingStratum(name, value, trained[name][value], others, gap)
        for (name, value), rows in sorted(seeds.items())
        if len(rows) >= _TESTS
        and (others := _others(trained.get(name, Counter()), value)) is not None
        and (gap := _gap(rows, student, teacher)).high < 0
    ]
    return min(found, key=lambda one: (one.gap.mean, one.label, one.value), default=None)


def _labels(text: str | None) -> dict[str, str]:
    return {name: str(value) for name, value in json.loads(text or "{}").items()}


def _others(counts: Counter[str], value: str) -> float | None:
    """The mean of the other values' rows, where this one has few beside them; else None."""
    others = [n for other, n in counts.items() if other != value]
    if not others:
        return None
    mean = sum(others) / len(others)
    return mean if counts[value] < min(_TRAINED, _SHARE * mean) else None


def _gap(rows: Sequence[str], student: Mapping[str, float], teacher: Mapping[str, float]) -> Estimate:
    return paired_difference([student[seed] for seed in rows], [teacher[seed] for seed in rows])
