"""From the scores and calls of the arms to the numbers of the report: one JSON-able dict.

Comes in: `scores`, one row a (seed_id, arm, metric), value null where it could not be judged; `calls`, one
row a (seed_id, arm); `tests`, the test rows. Goes out: an interval for every mean, paired differences on the
rows both arms have, the student by label, its worst answers and the verdict. Rows without an answer are
counted, never scored as zero; rows that a metric has nothing to hold against, such as a known answer, are none of its rows.
`agreement` needs the teacher's own rows too (1 each), or nothing pairs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from distill.evaluate import weak
from distill.evaluate.metrics import NO_KNOWN
from distill.evaluate.uncompared import uncompared
from distill.evaluate.verdict import Evidence, verdict
from distill.stats import Estimate, mean_interval, paired_difference, rows_needed
from distill.values import answer

if TYPE_CHECKING:
    import polars as pl

ARMS = ("teacher", "student", "previous", "prompted_base", "base")
_WORST = 5
PRIMARY = ("json_fields", "agreement", "schema")

Values = dict[tuple[str, str], dict[str, float]]
"""(arm, metric) → seed_id → score."""


def compare(
    scores: pl.DataFrame,
    calls: pl.DataFrame,
    tests: pl.DataFrame,
    *,
    margin: float,
    metric: str | None = None,
    kind: str = "fields",
    notes: Sequence[str] = (),
    asked: Sequence[str] | None = None,
    fields: Sequence[str] = (),
) -> dict[str, Any]:
    """The keys `metric kind margin rows arms differences by_label worst warnings verdict` of the report.

    `tests` holds seed_id, input, gold (JSON or null) and, if there are any, labels (JSON): the test rows of
    seeds.parquet. `metric` carries the verdict; by default the first of PRIMARY the student has. `kind` is what answers are:
    fields, plain values or free text; `notes` go to the warnings. `asked` are the arms, by default those of `calls`; `fields`
    are those of the task's answers.
    """
    values = _values(scores)
    main = metric or next((name for name in PRIMARY if ("student", name) in values), PRIMARY[0])
    arms = {
        arm: _arm(arm, scores, calls, values) for arm in _in_order(calls["arm"].to_list() + scores["arm"].to_list())
    }
    differences = [found for name in _metrics(values) for other in arms if (found := _difference(values, name, other))]
    seen = _evidence(values, arms, main, margin, kind)
    beyond = _beyond(scores, main)
    seen = replace(seen, rows=tests.height - beyond, beyond=beyond)
    wanted = (arms or ARMS) if asked is None else asked
    none = uncompared(scores, calls, rows=tests.height, kind=kind, arms=list(wanted))
    return {
        "metric": main,
        "kind": kind,
        "margin": margin,
        "rows": tests.height,
        "arms": arms,
        "differences": differences,
        "by_label": _by_label(values, main, tests),
        "worst": _worst(scores, calls, tests, values.get(("student", main), {}), fields),
        "warnings": [*notes, *weak.notes(scores), *weak.strata(values, main, tests, margin), *weak.teacher(arms)],
        "verdict": asdict(none or verdict(seen)),
    }


def _beyond(scores: pl.DataFrame, metric: str) -> int:
    """Test rows that the metric has nothing to hold an answer against."""
    unknown = scores.filter((scores["metric"] == metric) & (scores["reason"] == NO_KNOWN))
    return unknown.filter(unknown["arm"].is_in(["student", "teacher"]))["seed_id"].n_unique()


def _values(scores: pl.DataFrame) -> Values:
    found: Values = {}
    for row in scores.drop_nulls("value").sort("seed_id").iter_rows(named=True):
        found.setdefault((row["arm"], row["metric"]), {})[row["seed_id"]] = float(row["value"])
    return found


def _in_order(arms: Iterable[str]) -> list[str]:
    return sorted(set(arms), key=lambda arm: (_rank(arm), arm))


def _rank(arm: str) -> int:
    return ARMS.index(arm) if arm in ARMS else len(ARMS)


def _metrics(values: Values) -> list[str]:
    return sorted({name for _, name in values}, key=lambda name: (name not in PRIMARY, name))


def _arm(arm: str, scores: pl.DataFrame, calls: pl.DataFrame, values: Values) -> dict[str, Any]:
    mine = calls.filter(calls["arm"] == arm)
    answered = mine.filter(mine["ended"] == "ok")
    unscored = scores.filter((scores["arm"] == arm) & scores["value"].is_null())
    return {
        "metrics": {
            name: mean_interval(list(found.values())).as_dict() for (of, name), found in values.items() if of == arm
        },
        "calls": mine.height,
        "failed": mine.height - answered.height,
        "unscored": unscored.height,
        "latency_p50_s": answered["latency_s"].quantile(0.5),
        "latency_p95_s": answered["latency_s"].quantile(0.95),
        "prompt_tokens": answered["prompt_tokens"].mean(),
        "completion_tokens": answered["completion_tokens"].mean(),
        "usd_per_1000": (answered["usd"] * 1000).mean(),
    }


def _paired(values: Values, metric: str, other: str) -> tuple[list[float], list[float]]:
    mine, theirs = values.get(("student", metric), {}), values.get((other, metric), {})
    both = sorted(mine.keys() & theirs.keys())
    return [mine[seed] for seed in both], [theirs[seed] for seed in both]


def _gap(values: Values, metric: str, other: str) -> Estimate | None:
    mine, theirs = _paired(values, metric, other)
    return paired_difference(mine, theirs) if mine else None


def _difference(values: Values, metric: str, other: str) -> dict[str, Any] | None:
    gap = _gap(values, metric, other) if other != "student" else None
    return {"metric": metric, "a": "student", "b": other, **gap.as_dict()} if gap else None


def _evidence(values: Values, arms: Mapping[str, Any], metric: str, margin: float, kind: str) -> Evidence:
    mine, theirs = _paired(values, metric, "teacher")
    gaps = {arm: _gap(values, metric, arm) for arm in ("teacher", "base", "prompted_base")}
    return Evidence(
        metric=metric,
        kind=kind,
        margin=margin,
        rows=0,
        student=mean_interval(mine) if mine else None,
        teacher=mean_interval(theirs) if theirs else None,
        to_teacher=gaps["teacher"],
        to_base=gaps["base"],
        to_prompted=gaps["prompted_base"],
        tokens_student=_tokens(arms.get("student")),
        tokens_prompted=_tokens(arms.get("prompted_base")),
        rows_needed=_needed(values, metric, "teacher", margin),
        rows_for_gain=_needed(values, metric, "base", 0.0),
    )


def _needed(values: Values, metric: str, other: str, margin: float) -> int | None:
    mine, theirs = _paired(values, metric, other)
    return rows_needed([a - b for a, b in zip(mine, theirs, strict=True)], margin)


def _tokens(arm: Mapping[str, Any] | None) -> float:
    return (arm["prompt_tokens"] or 0.0) + (arm["completion_tokens"] or 0.0) if arm else 0.0


def _by_label(values: Values, metric: str, tests: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    if "labels" not in tests.columns:
        return {}
    cells: dict[str, dict[str, list[str]]] = {}
    for seed, labels in tests.select("seed_id", "labels").sort("seed_id").iter_rows():
        for label, value in json.loads(labels or "{}").items():
            cells.setdefault(label, {}).setdefault(str(value), []).append(seed)
    return {
        label: [{"value": value, **_cell(values, metric, seeds)} for value, seeds in sorted(found.items())]
        for label, found in cells.items()
    }


def _cell(values: Values, metric: str, seeds: list[str]) -> dict[str, Any]:
    found = {}
    for arm in ("student", "teacher"):
        scored = values.get((arm, metric), {})
        here = [scored[seed] for seed in seeds if seed in scored]
        found[arm] = mean_interval(here).as_dict() if here else None
    return found


def _worst(
    scores: pl.DataFrame,
    calls: pl.DataFrame,
    tests: pl.DataFrame,
    mine: Mapping[str, float],
    fields: Sequence[str],
) -> list[dict[str, Any]]:
    bad = sorted((value, seed) for seed, value in mine.items() if value < 1)[:_WORST]
    rows = {row["seed_id"]: row for row in tests.iter_rows(named=True)}
    texts = {(row["arm"], row["seed_id"]): row["text"] for row in calls.iter_rows(named=True)}
    reasons: dict[str, dict[str, str]] = {}
    for row in scores.filter((scores["arm"] == "student") & (scores["reason"] != "")).iter_rows(named=True):
        reasons.setdefault(row["seed_id"], {})[row["metric"]] = row["reason"]
    return [
        {
            "seed_id": seed,
            "value": value,
            "input": rows.get(seed, {}).get("input", ""),
            "gold": _known(rows.get(seed, {}).get("gold"), fields),
            "teacher": texts.get(("teacher", seed)) or "",
            "student": texts.get(("student", seed)) or "",
            "reasons": reasons.get(seed, {}),
        }
        for value, seed in bad
    ]


def _known(gold: str | None, fields: Sequence[str]) -> Any:
    """A known answer as it was compared: a plain value as itself."""
    return answer.of_known(json.loads(gold), fields, "text") if gold else None
