"""What a reader of the scores must mind: strata in which the student fell, lists whose order was not counted, a weak teacher."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from distill.evaluate.metrics import REORDERED
from distill.stats import paired_difference
from distill.text.percentages import percent

if TYPE_CHECKING:
    import polars as pl

_LEAST = 5
"""Rows of a stratum from which a fall in it is named."""
_WEAK = 0.5
_SHOWN = 5

Values = Mapping[tuple[str, str], Mapping[str, float]]
"""(arm, metric) → seed_id → score."""


def strata(values: Values, metric: str, tests: pl.DataFrame, margin: float) -> list[str]:
    """Labels, and strata of several, where the student fell clearly below the teacher, or has nothing right; the deepest first."""
    mine, theirs = values.get(("student", metric), {}), values.get(("teacher", metric), {})
    found: list[tuple[float, str]] = []
    for name, seeds in _cells(tests).items():
        both = sorted(mine.keys() & theirs.keys() & set(seeds))
        if len(both) < _LEAST:
            continue
        own, other = [mine[seed] for seed in both], [theirs[seed] for seed in both]
        gap = paired_difference(own, other)
        if gap.high < -margin or (not any(own) and any(other)):
            share, best = sum(own) / len(both), sum(other) / len(both)
            said = f"the student gets {percent(share, 0)} and the teacher {percent(best, 0)}, on {len(both)} test rows"
            found.append((gap.mean, f"{name}: {said}. The mean over all rows hides it."))
    listed = [line for _, line in sorted(found)]
    more = len(listed) - _SHOWN
    return [*listed[:_SHOWN], *([f"So it is in {more} more strata."] if more > 0 else [])]


def _cells(tests: pl.DataFrame) -> dict[str, list[str]]:
    """What rows have in common → their seeds: each label's value, and the stratum where it is of several labels."""
    cells: dict[str, list[str]] = {}
    if "labels" not in tests.columns:
        return cells
    stratum = tests["stratum"] if "stratum" in tests.columns else [None] * tests.height
    for seed, text, whole in zip(tests["seed_id"], tests["labels"], stratum, strict=True):
        labels = json.loads(text or "{}")
        for label, value in labels.items():
            cells.setdefault(f"{label} = {value}", []).append(seed)
        if len(labels) > 1 and whole:
            cells.setdefault(f"stratum {whole}", []).append(seed)
    return {name: seeds for name, seeds in cells.items() if len(seeds) < tests.height}


def notes(scores: pl.DataFrame) -> list[str]:
    """Fields of lists that were the same but for their order."""
    mine = scores.filter((scores["arm"] == "student") & scores["reason"].str.contains(REORDERED, literal=True))
    rows = Counter(
        part.removesuffix(f": {REORDERED}")
        for reason in mine.unique("seed_id")["reason"]
        for part in reason.split("; ")
        if part.endswith(REORDERED)
    )
    return [
        f"In {count} test row{'s' if count != 1 else ''} `{name}` has the same items in another order, which counts as the same; "
        f"evaluate.compare: {{{'answer' if name == 'the answer' else name}: list}} makes the order count."
        for name, count in sorted(rows.items())
    ]


def teacher(arms: Mapping[str, Any]) -> list[str]:
    """A teacher that is wrong more often than right: to be as good as it is worth little."""
    found = arms.get("teacher", {}).get("metrics", {}).get("json_fields")
    if not found or found["small"] or found["high"] >= _WEAK:
        return []
    return [
        f"The teacher itself gets {percent(found['mean'], 0)} of the known answers right, on {found['n']} test rows: a student that is as "
        "good learns its faults. Look at its prompt, or at the known answers."
    ]
