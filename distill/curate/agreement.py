"""A gate on what several answers to one row have in common: the draws of one teacher, or a panel's.

A row's answer is kept where so large a share of its answers say the same; the share is its score. What "the same" is, the task
says by fields of the answer; without any, it is the whole answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from distill.curate.outcome import Outcome, ordered, partition, rescored
from distill.records import canonical
from distill.text import normalise, strict_json

SCORE = "score_agreement"


def agreement(frame: pl.DataFrame, *, at_least: float = 0.6, compare: Sequence[str] = ()) -> Outcome:
    """Drops answers that fewer than `at_least` of the row's answers agree with; a row with a single answer agrees with itself."""
    rows = ordered(frame)
    seeds = rows["seed_id"].to_list()
    answers = Counter(seeds)
    several = [i for i, seed in enumerate(seeds) if answers[seed] > 1]  # the others agree with themselves
    told = rows.select("answer", "tool_calls")[several].iter_rows(named=True)
    spoken = {i: (seeds[i], said(row, compare)) for i, row in zip(several, told, strict=True)}
    same = Counter(spoken.values())
    # A second look finds fewer answers than the first, so what that one found stands.
    before = rows[SCORE].to_list() if SCORE in rows.columns else [None] * rows.height
    shares = [
        known if known is not None else same[spoken[i]] / answers[seeds[i]] if i in spoken else 1.0
        for i, known in enumerate(before)
    ]
    drops = {
        i: ("agreement", f"{share:.0%} of {answers[seeds[i]]} answers say this, at least {at_least:.0%} asked")
        for i, share in enumerate(shares)
        if share < at_least
    }
    scored = rows.with_columns(pl.Series(SCORE, shares, dtype=pl.Float64))
    return partition(rescored(scored), drops, stage="agreement")


def said(row: Mapping[str, Any], compare: Sequence[str]) -> str:
    """What an answer comes to, as a text that equal ones share."""
    try:
        value = strict_json(row["answer"])
    except ValueError:
        value = None
    if compare and isinstance(value, dict):
        return canonical([value.get(name) for name in compare])
    return normalise(f"{row['answer']} {row['tool_calls']}")
