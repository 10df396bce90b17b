"""The funnel's lines: of the seeds, of the questions, and of approved rows where there are any."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from distill.curate.accounting import funnel
from distill.curate.seed_status import Standing
from distill.generate.questions import Ask
from distill.tables.outcome import Outcome, dropped_frame, summary

COUNT = st.integers(0, 10**6)


def outcome(stage: str, entered: int, **more: Any) -> Outcome:
    nothing = pl.DataFrame()
    return Outcome(nothing, dropped_frame(), summary(stage, entered, dropped_frame()) | more, nothing)


@given(read=COUNT, lost=COUNT, aside=COUNT, made=st.none() | COUNT)
def test_what_is_set_aside_is_counted_between_the_seeds_and_the_questions(
    read: int, lost: int, aside: int, made: int | None
) -> None:
    """What is kept of the seeds comes in there; new seeds have a line only where some were made; of seeds.json no more is told."""
    kept = read + aside
    report = {"stage": "seeds", "in": kept + lost, "kept": kept, "dropped": {"broken": lost}}
    line = None if made is None else {"stage": "expand", "in": made, "kept": made, "dropped": {}}
    seeds = report | {"graph": {"near": 0.85}, "test": {"got": aside}, "expand": line}
    first, test, *others = funnel.whole(seeds, [{"stage": "ask"}])
    assert first == report
    assert test == {"stage": "test", "in": kept, "kept": read, "dropped": {}, "aside": aside}
    assert others == [*([] if line is None else [line]), {"stage": "ask"}]


@given(
    idle=st.sets(st.text(max_size=3), max_size=5),
    asked=st.sets(st.text(max_size=3), max_size=5),
    gold=st.integers(0, 3),
)
def test_seeds_turn_into_questions_and_approved_rows_have_a_line_of_their_own(
    idle: set[str], asked: set[str], gold: int
) -> None:
    """Each question has come to an answer or to a reason; rows that were asked before a person decided them are counted."""
    questions = [Ask(seed, 0, draw) for seed in sorted(asked) for draw in range(2)]
    none, some = frozenset[str](), frozenset(sorted(asked)[:1])
    seeds = Standing(len(idle) + len(asked), dict.fromkeys(idle, "a"), {}, none, {}, none, none)
    unanswered = dropped_frame((one.seed, "r", "a", "teacher", "declined", "no") for one in questions if one.draw == 0)
    gated = outcome("gates", len(asked), steps=[{"stage": "schema"}])
    lines = funnel.of_answers(
        questions, seeds, unanswered, gated, outcome("gold", gold), [outcome("dedup", 1)], ruled=some
    )
    assert [line["stage"] for line in lines] == ["ask", "answer", "schema", *(["gold"] if gold else []), "dedup"]
    ask, answer = lines[:2]
    assert (ask["in"], ask["kept"], ask["dropped"].get("not_asked", 0)) == (seeds.askable, len(asked), len(idle))
    assert answer["in"] == answer["kept"] + answer["dropped"].get("declined", 0) == 2 * len(asked)
    assert not gold or lines[3].get("asked", 0) == len(some)
