"""A gate on what several answers to one row have in common: the draws of one teacher, or a panel's.

A row's answer is kept where so large a share of its answers say the same; the share is its score. What "the same" is, the task
says by fields of the answer; without any, it is the whole answer. Values are compared as everywhere (`distill.values.match`): a
set in another order, or 12.50 for 12.5, says the same.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence

import polars as pl

from distill.curate.gates.scoring import SampleRow, rescored
from distill.records import Json, ToolCall, canonical
from distill.tables.outcome import Outcome, ordered, partition
from distill.values import answer as answer_value
from distill.values import free_text
from distill.values.answer import WHOLE
from distill.values.match import classes
from distill.values.rules import Rules

_NO_RULES = Rules()
SCORE = "score_agreement"


def agreement(
    frame: pl.DataFrame,
    *,
    at_least: float = 0.6,
    compare: Sequence[str] = (),
    rules: Rules = _NO_RULES,
) -> Outcome:
    """Drops answers that fewer than `at_least` of the row's answers agree with; a row with a single answer agrees with itself.

    `compare` are the fields that must agree, `rules` how they are compared.
    """
    rows = ordered(frame)
    seeds = rows["seed_id"].to_list()
    answers = Counter(seeds)
    # A second look finds fewer answers than the first, so what that one found stands.
    before = rows[SCORE].to_list() if SCORE in rows.columns else [None] * rows.height
    now = _shares(rows, compare, rules)
    shares = [share if share is not None else now.get(i, 1.0) for i, share in enumerate(before)]
    drops = {
        i: ("agreement", f"{share:.0%} of {answers[seeds[i]]} answers say this, at least {at_least:.0%} required")
        for i, share in enumerate(shares)
        if share < at_least
    }
    scored = rows.with_columns(pl.Series(SCORE, shares, dtype=pl.Float64))
    return partition(rescored(scored), drops, stage="agreement")


def _shares(rows: pl.DataFrame, compare: Sequence[str], rules: Rules) -> dict[int, float]:
    """Row → the share of its seed's answers that say the same, for seeds with several answers."""
    by_seed: dict[str, list[int]] = defaultdict(list)
    for i, seed in enumerate(rows["seed_id"]):
        by_seed[seed].append(i)
    shares: dict[int, float] = {}
    for places in by_seed.values():
        if len(places) > 1:
            texts = comparable_texts(rows.select("answer", "tool_calls")[places].to_dicts(), compare, rules)
            shares |= {i: texts.count(text) / len(places) for i, text in zip(places, texts, strict=True)}
    return shares


def comparable_texts(answers: Sequence[SampleRow], compare: Sequence[str], rules: Rules = _NO_RULES) -> list[str]:
    """For each of several answers to one row a text; answers that say the same have the same text."""
    values: list[tuple[Json, str]] = [_compared(row, compare) for row in answers]
    alike = classes([value for value, _ in values], rules)
    return [values[first][1] for first in alike]


def _compared(row: SampleRow, compare: Sequence[str]) -> tuple[Json, str]:
    """(what is compared of an answer, as a text)."""
    if row["tool_calls"]:  # what is said beside a call is not what was asked
        calls = [ToolCall(*call).plain for call in json.loads(row["tool_calls"])]
        return {"tool_calls": calls}, canonical(calls)
    chosen = compared_fields(row["answer"], compare)
    if chosen is not None:
        return chosen, canonical(list(chosen.values()))
    value = answer_value.read(row["answer"])
    return value, value if isinstance(value, str) else canonical(value)


def compared_fields(answer: str, compare: Sequence[str]) -> dict[str, Json] | None:
    """The compared fields of an answer, null where it lacks one; None where it has none of that kind.

    `answer` among them is also a plain value as a whole, which is none where it is free text.
    """
    if not compare:
        return None
    value = answer_value.read(answer)
    if isinstance(value, dict):
        names = [name for name in compare if name != WHOLE or WHOLE in value]
        return {name: value.get(name) for name in names} if names else None
    free = isinstance(value, str) and free_text.long(value)
    return {WHOLE: value} if WHOLE in compare and not free else None
