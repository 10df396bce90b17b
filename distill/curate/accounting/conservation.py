"""Nothing vanishes, checked: the funnel's counts must lead from the seeds read to the dataset without a gap.

    seeds 1,200 → test 1,150 → ask 1,000 | answer 1,000 → gates … → balance 655 = the dataset

Up to `ask` a row is a seed; from `answer` on it is a question, of which a seed has several where a task has draws, a panel
or fallbacks. Seeds that are made (`expand`) and approved rows (`gold`) join the others on the way; `asked` counts approved
rows that a teacher had answered before a person decided them. Within a stage,
in = kept + dropped + aside. From one to the next, what was kept is what comes in. And the tables say the same: every drop
has its row in dropped.parquet, every answer its row in samples.parquet.

A gap is a fault of ours and raises `DistillError` with the numbers, before anything is written.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.errors import DistillError

if TYPE_CHECKING:
    import polars as pl

Stage = Mapping[str, Any]
"""{"stage": str, "in": int, "kept": int, "dropped": {reason: int}, "aside": int where rows were set aside}."""

_NAMES = {"ask": "generate", "answer": "teacher"}
"""What dropped.parquet calls a stage of the funnel, where it has another name there."""
_JOINS = {"expand": "ask", "gold": "dedup"}
"""Rows that come in from beside, and the stage where they join the others."""
_NOBODY: Stage = {"in": 0, "kept": 0}


def check(
    funnel: Sequence[Stage], *, asked: pl.DataFrame, samples: pl.DataFrame, dropped: pl.DataFrame
) -> dict[str, Any]:
    """The sum of the run's rows, or `DistillError` with every gap.

    `asked` has a row a question (`seed_id`), `samples` a row an answer (`fate`), `dropped` the columns of dropped.parquet.
    The sum: {"seeds", "questions", "gold", "kept", "dropped"}; of questions and approved rows the last two are all.
    """
    kept = int((samples["fate"] != "dropped").sum())
    tables = {"seeds": asked["seed_id"].n_unique(), "questions": asked.height, "answers": samples.height, "kept": kept}
    gone = {(stage, reason): n for stage, reason, n in dropped.group_by("stage", "reason").len().iter_rows()}
    if gaps := [*_within(funnel), *_between(funnel, tables), *_rows(funnel, gone)]:
        raise DistillError(
            "internal error: rows were lost in curation, so nothing of it was written; the answers are kept. "
            + "; ".join(gaps)
        )
    approved = next((stage["in"] for stage in funnel if stage["stage"] == "gold"), 0)
    return {
        "seeds": tables["seeds"], "questions": tables["questions"], "gold": approved, "kept": kept,
        "dropped": asked.height + approved - kept,
    }  # fmt: skip


def _within(funnel: Sequence[Stage]) -> list[str]:
    return [
        f"{stage['stage']}: {stage['in']} came in, {stage['kept']} were kept and {_left(stage)} dropped or set aside"
        for stage in funnel
        if stage["in"] != stage["kept"] + _left(stage)
    ]


def _left(stage: Stage) -> int:
    return int(sum(stage["dropped"].values()) + stage.get("aside", 0))


def _between(funnel: Sequence[Stage], tables: Mapping[str, int]) -> list[str]:
    """Every place where two stages, or a stage and a table, disagree."""
    side = {stage["stage"]: stage for stage in funnel if stage["stage"] in _JOINS}
    approved, unasked = (gold := side.get("gold", _NOBODY))["in"], gold["in"] - gold.get("asked", 0)
    chain, gaps = [stage for stage in funnel if stage["stage"] not in _JOINS], []
    for before, after in itertools.pairwise(chain):
        if after["stage"] == "answer":  # seeds become questions here
            gaps += _differ("ask kept", before["kept"], "seeds of asked.parquet", tables["seeds"])
            gaps += _differ("answer took in", after["in"], "questions of asked.parquet", tables["questions"])
            kept = "answer kept and gold took in" if approved else "answer kept"
            gaps += _differ(kept, after["kept"] + approved, "rows of samples.parquet", tables["answers"])
            continue
        come = sum(one["kept"] for name, one in side.items() if _JOINS[name] == after["stage"])
        left = unasked if after["stage"] == "ask" else 0
        gaps += _differ(
            f"{before['stage']} kept", before["kept"] + come - left, f"{after['stage']} took in", after["in"]
        )
    return gaps + _differ(f"{chain[-1]['stage']} kept", chain[-1]["kept"], "rows of the dataset", tables["kept"])


def _rows(funnel: Sequence[Stage], gone: Mapping[tuple[str, str], int]) -> list[str]:
    """Every reason that the funnel and dropped.parquet count otherwise."""
    said: Counter[tuple[str, str]] = Counter()
    for stage in funnel:
        name: str = _NAMES.get(stage["stage"]) or stage["stage"]
        said.update({(name, reason): count for reason, count in stage["dropped"].items()})
    return [
        gap
        for key in sorted({*said, *gone})
        for gap in _differ(f"{key[0]} dropped for {key[1]}", said[key], "rows of dropped.parquet", gone.get(key, 0))
    ]


def _differ(what: str, one: int, other: str, two: int) -> list[str]:
    return [] if one == two else [f"{what} {one}, {other} {two}"]


def lines(funnel: Sequence[Stage], total: Mapping[str, Any]) -> list[str]:
    """The funnel for people, a stage a line and gates that dropped none together; last the sum that `check` found to hold."""
    wide, most = max(len(stage["stage"]) for stage in funnel), max(len(f"{stage['in']:,}") for stage in funnel)
    first = next((i for i, stage in enumerate(funnel) if stage["stage"] == "answer"), len(funnel)) + 1
    said = [_line(stage, wide, most) for stage in funnel[:first]]
    for (idle, _), stages in itertools.groupby(funnel[first:], key=lambda stage: (not _left(stage), stage["in"])):
        found = list(stages)
        if idle:
            said.append(f"  {', '.join(stage['stage'] for stage in found)}: all {found[0]['in']:,} kept")
        else:
            said += [_line(stage, wide, most) for stage in found]
    questions, seeds = total["questions"], total["seeds"]
    asked = f"{questions:,} asked" if questions == seeds else f"{questions:,} requests for {seeds:,} seeds"
    asked += f" + {total['gold']:,} approved rows" if total.get("gold") else ""
    return [
        *said,
        f"{asked} = {total['kept']:,} in the dataset + {total['dropped']:,} dropped, each with its reason in dropped.parquet",
    ]


def _line(stage: Stage, wide: int, most: int) -> str:
    head = f"  {stage['stage']:<{wide}} {stage['in']:>{most},}"
    if aside := stage.get("aside", 0):
        return f"{head} = {stage['kept']:,} to train on + {aside:,} set aside to test"
    reasons = sorted(stage["dropped"].items(), key=lambda pair: (-pair[1], pair[0]))
    if not reasons:
        return f"{head}, all kept"
    why = ", ".join(f"{reason} {count:,}" for reason, count in reasons)
    return f"{head} = {stage['kept']:,} kept + {sum(stage['dropped'].values()):,} dropped: {why}"
