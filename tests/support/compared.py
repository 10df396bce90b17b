"""A comparison of arms by the scores that they are given."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from distill.evaluate.comparison import AnswersCompared, Comparison, compare

SEEDS = [f"s{i:02}" for i in range(40)]


SCORES = {"seed_id": pl.String, "arm": pl.String, "metric": pl.String, "value": pl.Float64, "reason": pl.String}


def compared(
    values: dict[str, list[float | None]],
    *,
    reason: str = "",
    metric: str = "json_fields",
    labels: Any = None,
    columns_of_tests: Any = None,
    more: Any = (),
    margin: float = 0.02,
    **how: Any,
) -> Comparison:
    """`values` are the scores by arm; null is one that could not be given, with the reason. `more` are rows of further metrics,
    `columns_of_tests` further columns of the test rows.
    """
    count = max((len(found) for found in values.values()), default=0)
    seeds = SEEDS if count <= len(SEEDS) else [f"s{i:03}" for i in range(count)]
    scores = [
        (seed, arm, metric, value, reason if value is None else "")
        for arm, found in values.items()
        for seed, value in zip(seeds, found, strict=False)
    ] + list(more)
    calls = [(seed, arm, 0.1, 60, 20, 0.0, "text", "ok") for seed, arm in dict.fromkeys(row[:2] for row in scores)]
    columns = ("seed_id", "arm", "latency_s", "prompt_tokens", "completion_tokens", "usd", "text", "ended")
    tests = [
        {
            "seed_id": seed,
            "input": "in",
            "gold": None,
            "labels": json.dumps((labels or {}).get(seed, {})),
            "stratum": "all",
        }
        for seed in seeds
    ]
    tables = (
        pl.DataFrame(scores, schema=SCORES, orient="row"),
        pl.DataFrame(calls, schema=list(columns), orient="row"),
        pl.DataFrame(tests).with_columns(**(columns_of_tests or {})),
    )
    asked, marks = how.pop("asked", list(values)), how.pop("marks", None)
    return compare(*tables, margin=margin, asked=asked, marks=marks, answers=AnswersCompared(**how))
