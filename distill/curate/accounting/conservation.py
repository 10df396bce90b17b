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
from dataclasses import dataclass

import polars as pl

from distill.curate.accounting.funnel import FunnelLine
from distill.errors import DistillError

_NAMES = {"ask": "generate", "answer": "teacher"}
"""What dropped.parquet calls a stage of the funnel, where it has another name there."""
_JOINS = {"expand": "ask", "gold": "dedup"}
"""Rows that come in from beside, and the stage where they join the others."""


@dataclass(frozen=True, slots=True)
class RowTotal:
    """The sum of a run's rows; of questions and approved rows (`gold`) the last two are all."""

    seeds: int
    questions: int
    gold: int
    kept: int
    dropped: int


@dataclass(frozen=True, slots=True)
class _Tables:
    """The rows that the tables of a run hold."""

    seeds: int
    questions: int
    answers: int
    kept: int


def check(
    funnel: Sequence[FunnelLine], *, asked: pl.DataFrame, samples: pl.DataFrame, dropped: pl.DataFrame
) -> RowTotal:
    """The sum of the run's rows, or `DistillError` with every gap.

    `asked` has a row a question (`seed_id`), `samples` a row an answer (`fate`), `dropped` the columns of dropped.parquet.
    """
    kept = int((samples["fate"] != "dropped").sum())
    tables = _Tables(asked["seed_id"].n_unique(), asked.height, samples.height, kept)
    gone = {(stage, reason): n for stage, reason, n in dropped.group_by("stage", "reason").len().iter_rows()}
    if gaps := [*_within(funnel), *_between(funnel, tables), *_rows(funnel, gone)]:
        raise DistillError(
            "internal error: rows were lost in curation, so nothing of it was written; the answers are kept. "
            + "; ".join(gaps)
        )
    approved = sum(line.entered for line in funnel if line.stage == "gold")
    return RowTotal(tables.seeds, tables.questions, approved, kept, asked.height + approved - kept)


def _within(funnel: Sequence[FunnelLine]) -> list[str]:
    return [
        f"{line.stage}: {line.entered} came in, {line.kept} were kept and {line.left} dropped or set aside"
        for line in funnel
        if line.entered != line.kept + line.left
    ]


def _between(funnel: Sequence[FunnelLine], tables: _Tables) -> list[str]:
    """Every place where two stages, or a stage and a table, disagree."""
    side = {line.stage: line for line in funnel if line.stage in _JOINS}
    chain, gaps = [line for line in funnel if line.stage not in _JOINS], []
    for previous, line in itertools.pairwise(chain):
        if line.stage == "answer":
            gaps += _of_questions(previous, line, side.get("gold"), tables)
            continue
        joined = sum(one.kept for name, one in side.items() if _JOINS[name] == line.stage)
        skipped = side["gold"].entered - side["gold"].asked if line.stage == "ask" and "gold" in side else 0
        entered = previous.kept + joined - skipped
        gaps += _differ(f"{previous.stage} kept", entered, f"{line.stage} took in", line.entered)
    return gaps + _differ(f"{chain[-1].stage} kept", chain[-1].kept, "rows of the dataset", tables.kept)


def _of_questions(ask: FunnelLine, answer: FunnelLine, gold: FunnelLine | None, tables: _Tables) -> list[str]:
    """The gaps where seeds become questions, and these samples, beside the approved rows."""
    approved = gold.entered if gold else 0
    kept = "answer kept and gold took in" if approved else "answer kept"
    return [
        *_differ("ask kept", ask.kept, "seeds of asked.parquet", tables.seeds),
        *_differ("answer took in", answer.entered, "questions of asked.parquet", tables.questions),
        *_differ(kept, answer.kept + approved, "rows of samples.parquet", tables.answers),
    ]


def _rows(funnel: Sequence[FunnelLine], gone: Mapping[tuple[str, str], int]) -> list[str]:
    """Every reason that the funnel and dropped.parquet count otherwise."""
    counted: Counter[tuple[str, str]] = Counter()
    for line in funnel:
        name = _NAMES.get(line.stage, line.stage)
        counted.update({(name, reason): count for reason, count in line.dropped.items()})
    return [
        gap
        for key in sorted({*counted, *gone})
        for gap in _differ(f"{key[0]} dropped for {key[1]}", counted[key], "rows of dropped.parquet", gone.get(key, 0))
    ]


def _differ(what: str, one: int, other: str, two: int) -> list[str]:
    return [] if one == two else [f"{what} {one}, {other} {two}"]


def funnel_text(funnel: Sequence[FunnelLine], total: RowTotal) -> list[str]:
    """The funnel for people, a stage a line and gates that dropped none together; last the sum that `check` found to hold."""
    wide, most = max(len(line.stage) for line in funnel), max(len(f"{line.entered:,}") for line in funnel)
    first = next((i for i, line in enumerate(funnel) if line.stage == "answer"), len(funnel)) + 1
    said = [_text(line, wide, most) for line in funnel[:first]]
    for (idle, entered), group in itertools.groupby(funnel[first:], key=lambda line: (not line.left, line.entered)):
        lines = list(group)
        if idle:
            said.append(f"  {', '.join(line.stage for line in lines)}: all {entered:,} kept")
        else:
            said += [_text(line, wide, most) for line in lines]
    asked = f"{total.questions:,} asked"
    if total.questions != total.seeds:
        asked = f"{total.questions:,} requests for {total.seeds:,} seeds"
    asked += f" + {total.gold:,} approved rows" if total.gold else ""
    return [
        *said,
        f"{asked} = {total.kept:,} in the dataset + {total.dropped:,} dropped, each with its reason in dropped.parquet",
    ]


def _text(line: FunnelLine, wide: int, most: int) -> str:
    head = f"  {line.stage:<{wide}} {line.entered:>{most},}"
    if line.aside:
        return f"{head} = {line.kept:,} to train on + {line.aside:,} set aside to {'calibrate' if line.stage == 'calibration' else 'test'}"
    reasons = sorted(line.dropped.items(), key=lambda pair: (-pair[1], pair[0]))
    if not reasons:
        return f"{head}, all kept"
    why = ", ".join(f"{reason} {count:,}" for reason, count in reasons)
    return f"{head} = {line.kept:,} kept + {line.left:,} dropped: {why}"
