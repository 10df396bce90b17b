"""The funnel's lines: of the seeds, of the questions, and of approved rows where there are any."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from distill.curate.accounting import funnel
from distill.curate.accounting.funnel import FunnelLine
from distill.generate.questions import TeacherQuestion
from distill.generate.seed_status import SeedStatus
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
    ask = FunnelLine("ask", 1, 1)
    first, test, *others = funnel.run_lines(seeds, [ask])
    assert first.as_json() == report
    assert test == FunnelLine("test", kept, read, aside=aside)
    assert others == [*([] if line is None else [funnel.line_of(line)]), ask]


@given(
    idle=st.sets(st.text(max_size=3), max_size=5),
    asked=st.sets(st.text(max_size=3), max_size=5),
)
def test_seeds_turn_into_questions(idle: set[str], asked: set[str]) -> None:
    """Each question has come to an answer or to a reason."""
    questions = [TeacherQuestion(seed, 0, draw) for seed in sorted(asked) for draw in range(2)]
    none = frozenset[str]()
    seeds = SeedStatus(len(idle) + len(asked), dict.fromkeys(idle, "a"), none, {}, none, none)
    unanswered = dropped_frame((one.seed, "r", "a", "teacher", "declined", "no") for one in questions if one.draw == 0)
    ask, answer, *steps = funnel.answer_lines(questions, seeds, unanswered, [outcome("schema", 3, warning="few")])
    assert (ask.entered, ask.kept, ask.dropped.get("not_asked", 0)) == (seeds.askable, len(asked), len(idle))
    assert answer.entered == answer.kept + answer.dropped.get("declined", 0) == 2 * len(asked)
    assert steps == [FunnelLine("schema", 3, 3, notes={"warning": "few"})]
    assert steps[0].warning == "few"


@given(st.builds(FunnelLine, st.text(), COUNT, COUNT, st.dictionaries(st.text(), COUNT), COUNT, COUNT))
def test_a_line_is_read_as_it_was_written(line: FunnelLine) -> None:
    assert funnel.line_of(line.as_json()) == line


def test_reasons_count_what_was_dropped_after_the_asking() -> None:
    lines = [
        FunnelLine("seeds", 9, 8, {"repeated": 1}),
        FunnelLine("ask", 8, 6, {"not_asked": 2}),
        FunnelLine("schema", 6, 3, {"a": 1, "b": 2}),
        FunnelLine("length", 3, 2, {"a": 1}),
    ]
    assert list(funnel.reasons(lines).items()) == [("a", 2), ("b", 2)]
