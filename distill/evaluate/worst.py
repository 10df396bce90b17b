"""The student's lowest scores on the test rows, and its best beside the teacher's, with the known answer and the teacher's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.records import Json
from distill.values import answer

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class WorstAnswer:
    """One test row with the student's score, mostly one that it got wrong; `reasons` says by metric what differs."""

    seed_id: str
    value: float
    input: str
    gold: Json
    """The known answer as it was compared, a plain value as itself; None where there is none."""
    teacher: str
    student: str
    reasons: dict[str, str]


def worst_answers(
    scores: pl.DataFrame, calls: pl.DataFrame, tests: pl.DataFrame, student: Mapping[str, float], fields: Sequence[str]
) -> list[WorstAnswer]:
    """The five lowest of `student`, its scores by seed_id; `fields` are those of the task's answers."""
    lowest = sorted((value, seed) for seed, value in student.items() if value < 1)[:_SHOWN]
    return _shown(lowest, scores, calls, tests, fields)


def best_answers(
    scores: pl.DataFrame, calls: pl.DataFrame, tests: pl.DataFrame, metric: str, fields: Sequence[str]
) -> list[WorstAnswer]:
    """The five rows on which the student is most ahead of the teacher by `metric`, then those with its highest scores; what it got no
    point for is none of them.
    """
    there = scores.filter(scores["metric"] == metric).drop_nulls("value")
    own, theirs = (
        dict(there.filter(there["arm"] == arm).select("seed_id", "value").iter_rows()) for arm in ("student", "teacher")
    )
    highest = sorted((theirs.get(seed, 0.0) - value, -value, seed) for seed, value in own.items() if value > 0)
    return _shown([(-value, seed) for _, value, seed in highest[:_SHOWN]], scores, calls, tests, fields)


def _shown(
    chosen: Sequence[tuple[float, str]], scores: pl.DataFrame, calls: pl.DataFrame, tests: pl.DataFrame, fields: Sequence[str]
) -> list[WorstAnswer]:  # fmt: skip
    rows = {row["seed_id"]: row for row in tests.iter_rows(named=True)}
    texts = {(row["arm"], row["seed_id"]): row["text"] for row in calls.iter_rows(named=True)}
    reasons: dict[str, dict[str, str]] = {}
    for row in scores.filter((scores["arm"] == "student") & (scores["reason"] != "")).iter_rows(named=True):
        reasons.setdefault(row["seed_id"], {})[row["metric"]] = row["reason"]
    return [
        WorstAnswer(
            seed_id=seed,
            value=value,
            input=rows.get(seed, {}).get("input", ""),
            gold=_known_answer(rows.get(seed, {}).get("gold"), fields),
            teacher=texts.get(("teacher", seed)) or "",
            student=texts.get(("student", seed)) or "",
            reasons=reasons.get(seed, {}),
        )
        for value, seed in chosen
    ]


def _known_answer(gold: str | None, fields: Sequence[str]) -> Json:
    return answer.of_known(json.loads(gold), fields, "text") if gold else None
