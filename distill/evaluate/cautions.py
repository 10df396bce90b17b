"""What a reader of the scores must mind: strata in which the student fell, lists whose order was not counted, a weak teacher."""

from __future__ import annotations

import json
from collections import Counter

import polars as pl

from distill.evaluate.metrics import REORDERED
from distill.evaluate.scores import Scores
from distill.stats import mean_interval, paired_difference
from distill.text.percentages import percent

_LEAST = 5
"""Rows of a stratum from which a fall in it is named."""
_WEAK = 0.5
_SHOWN = 5


def weak_strata(scores: Scores, metric: str, tests: pl.DataFrame, margin: float) -> list[str]:
    """Labels, and strata of several, where the student fell clearly below the teacher, or has nothing right; the deepest first."""
    student, teacher = scores.get(("student", metric), {}), scores.get(("teacher", metric), {})
    fallen: list[tuple[float, str]] = []
    for name, seeds in _groups(tests).items():
        both = sorted(student.keys() & teacher.keys() & set(seeds))
        if len(both) < _LEAST:
            continue
        own, theirs = [student[seed] for seed in both], [teacher[seed] for seed in both]
        gap = paired_difference(own, theirs)
        if gap.high < -margin or (not any(own) and any(theirs)):
            shares = f"the student gets {percent(sum(own) / len(both), 0)} and the teacher {percent(sum(theirs) / len(both), 0)}"
            fallen.append((gap.mean, f"{name}: {shares}, on {len(both)} test rows. The mean over all rows hides it."))
    listed = [line for _, line in sorted(fallen)]
    more = len(listed) - _SHOWN
    return [*listed[:_SHOWN], *([f"So it is in {more} more strata."] if more > 0 else [])]


def _groups(tests: pl.DataFrame) -> dict[str, list[str]]:
    """What rows have in common → their seeds: each label's value, and the stratum where it is of several labels."""
    groups: dict[str, list[str]] = {}
    if "labels" not in tests.columns:
        return groups
    stratum = tests["stratum"] if "stratum" in tests.columns else [None] * tests.height
    for seed, text, whole in zip(tests["seed_id"], tests["labels"], stratum, strict=True):
        labels = json.loads(text or "{}")
        for label, value in labels.items():
            groups.setdefault(f"{label} = {value}", []).append(seed)
        if len(labels) > 1 and whole:
            groups.setdefault(f"stratum {whole}", []).append(seed)
    return {name: seeds for name, seeds in groups.items() if len(seeds) < tests.height}


def reordered_lists(scores: pl.DataFrame) -> list[str]:
    """Fields of lists that were the same but for their order."""
    student = scores.filter((scores["arm"] == "student") & scores["reason"].str.contains(REORDERED, literal=True))
    rows = Counter(
        part.removesuffix(f": {REORDERED}")
        for reason in student.unique("seed_id")["reason"]
        for part in reason.split("; ")
        if part.endswith(REORDERED)
    )
    return [
        f"In {count} test row{'s' if count != 1 else ''} `{name}` has the same items in another order, which counts as the same; "
        f"evaluate.compare: {{{'answer' if name == 'the answer' else name}: list}} makes the order count."
        for name, count in sorted(rows.items())
    ]


def weak_teacher(scores: Scores) -> list[str]:
    """A teacher that is wrong more often than right: to be as good as it is worth little."""
    known = list(scores.get(("teacher", "json_fields"), {}).values())
    right = mean_interval(known) if known else None
    if right is None or right.small or right.high >= _WEAK:
        return []
    return [
        f"The teacher itself gets {percent(right.mean, 0)} of the known answers right, on {right.n} test rows, so to be as good "
        "as it is worth little. Look at its prompt, or at the known answers."
    ]
