"""Near-duplicates among the rows that the gates let pass, and those whose answers contradict each other, as a task settles them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from distill.curate.dedup import compared, conflicts, duplicates
from distill.generate.questions import TeacherQuestion
from distill.records import Json
from distill.similarity.graph import Graph
from distill.tables.outcome import Outcome
from distill.tables.remaining import RemainingRows
from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class Disputed:
    """What is to be done about rows that contradict each other; empty where the spec leaves nothing to do."""

    undecided: list[dict[str, Json]] = field(default_factory=list)
    """Rows for a person to decide about, with their inputs and answers."""
    contested: frozenset[str] = frozenset()
    """Seeds that a further answer may decide."""


def asked_again(asked: Sequence[TeacherQuestion]) -> frozenset[str]:
    """The seeds whose answers vote."""
    return frozenset(question.seed for question in asked if question.kind == "vote")


def vote(task: Task, rows: pl.DataFrame, again: Collection[str]) -> Outcome:
    """The step that keeps one answer of each seed that was asked `again`, or none."""
    return conflicts.vote(rows, rows=again, **compared.comparison(task))


def run(task: Task, rows: RemainingRows, graph: Graph) -> Disputed:
    """The step that keeps one of near-duplicates, or none where they are in conflict."""
    way, near, frame = task.spec.dedup.on_conflict, task.spec.dedup.near, rows.take()
    how = compared.comparison(task)
    settle = "abstain" if way == "ask_again" else way
    unique = duplicates.duplicates(frame, near=near, on_conflict=settle, graph=graph, **how)
    found: list[conflicts.Conflict] = []
    if way in ("ask_again", "person") and {"conflict", "for_a_person"} & unique.report["dropped"].keys():
        found = duplicates.conflicts(frame, near=near, graph=graph, **how)
    rows.put(unique.kept, unique)
    if way == "ask_again":
        return Disputed(contested=frozenset(seed for one in found for seed in one.rows))
    return Disputed(undecided=conflicts.rows_to_decide(found, frame))
