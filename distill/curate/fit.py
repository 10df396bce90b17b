"""The last look before training is paid for: rows that a trainer would cut, mangle or refuse leave here.

    over_context   more tokens than the base reads; trainers cut such a row in silence, its answer first
    empty_answer   nothing to learn from
    chat_markup    the text holds a token of the chat template, and would train as a turn of its own

Rows are never changed. `enough` refuses, as `GateNotMet`, to train on fewer rows than a tuner takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.chat import conversation as chat
from distill.errors import GateNotMet
from distill.student.export import conversation
from distill.tables.outcome import Outcome, ordered, partition

if TYPE_CHECKING:
    import polars as pl

LEAST_ROWS = 10
"""What OpenAI's endpoint takes; fewer teach nothing elsewhere either."""

Count = Callable[[Sequence[Mapping[str, Any]]], int]
"""Tokens of a conversation as the base reads it, template included."""


def check(
    samples: pl.DataFrame,
    *,
    count: Count,
    context: int,
    markup: Sequence[str] = (),
) -> Outcome:
    """Partition the samples into those that can train whole and those that cannot.

    `count` and `markup` (special tokens, as text) come from the base's tokeniser, `context` is its limit in
    tokens. The report adds `tokens` of the kept rows and the `longest`.
    """
    rows = ordered(samples)
    drops: dict[int, tuple[str, str]] = {}
    sizes: list[int] = []
    for index, (prompt, answer, calls) in enumerate(rows.select("prompt", "answer", "tool_calls").iter_rows()):
        messages = conversation(json.loads(prompt), answer, calls)["messages"]
        fault = _unfit(messages, markup)
        size = count(messages) if fault is None else 0
        if size > context:
            fault = ("over_context", f"{size} tokens, the base reads {context}")
        if fault is None:
            sizes.append(size)
        else:
            drops[index] = fault
    outcome = partition(rows, drops, stage="preflight")
    outcome.report.update(tokens=sum(sizes), longest=max(sizes, default=0))
    return outcome


def enough(rows: int, *, least: int = LEAST_ROWS) -> None:
    """Raise where so few training rows are left that no tuner takes them."""
    if rows < least:
        raise GateNotMet(
            f"{rows} rows are left to train on and tuning takes at least {least}; "
            "the funnel says where the others went: add seeds, or loosen the gate that cost most"
        )


def _unfit(messages: Sequence[chat.Turn], markup: Sequence[str]) -> tuple[str, str] | None:
    answer = messages[-1]
    if not (answer["content"] or "").strip() and not answer.get("tool_calls"):
        return "empty_answer", "the answer has no text"
    texts = [str(turn["content"] or "") for turn in messages if turn["role"] != "system"]
    found = next((token for token in markup if any(token in text for text in texts)), None)
    return None if found is None else ("chat_markup", f"holds {found!r}, a token of the chat template")
