"""Curation with every verdict that its judges can give now."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from distill.curate import steps
from distill.curate.gates.judge.send import JudgeCalls
from distill.curate.inputs import read_inputs
from distill.curate.result import Curated
from distill.generate.questions import TeacherQuestions


async def curated(
    judge_calls: JudgeCalls, table: pl.DataFrame, asked: TeacherQuestions, room: Mapping[str, int] | None = None
) -> Curated:
    """Curate until no row lacks a verdict that can be had. Gates are in order, so only what one lets pass is asked of the next."""
    while True:
        if (curation := await _curated_once(judge_calls, table, asked, room)) is not None:
            return curation


async def _curated_once(
    judge_calls: JudgeCalls, table: pl.DataFrame, asked: TeacherQuestions, room: Mapping[str, int] | None
) -> Curated | None:
    """A curation; None where its judges were asked for verdicts that it lacks."""
    store, rulings = judge_calls.sender.store, judge_calls.rulings
    given = read_inputs(judge_calls.task, table, asked, store, judge_calls.graph, room=room, rulings=rulings)
    rows = given.answers.column("seed_id").len() + given.approved.column("seed_id").len()
    curation = steps.curate(given) if asked or rows else steps.before_answers(given)
    return None if await judge_calls.send(curation.verdicts.unanswered) else curation
