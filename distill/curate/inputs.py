"""What curation reads: the answers that the store holds, the rows that train as they are, and what both are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from distill.curate.dedup import compared
from distill.curate.gates.judge.lookup import VerdictLookup
from distill.curate.gates.settings import GateSettings
from distill.curate.gates.structure import RowTools
from distill.curate.gates.verify import function
from distill.curate.leaks import HeldOut
from distill.generate import answers
from distill.generate.questions import TeacherQuestions
from distill.records import canonical
from distill.seeds import approved
from distill.seeds.split import CALIBRATION, TEST
from distill.similarity.graph import Graph
from distill.tables import lookup
from distill.tables.remaining import RemainingRows
from distill.task import near_graph
from distill.task.task import Task
from distill.teacher.store.store import Store


@dataclass(frozen=True, slots=True)
class CurationInputs:
    """For one curation, which takes the rows of `answers` and `approved` out of it."""

    task: Task
    asked: TeacherQuestions
    answers: RemainingRows
    approved: RemainingRows
    """Samples of rows whose known answer trains, or that a person decided."""
    unanswered: pl.DataFrame
    """Questions without an answer, as rows of dropped.parquet."""
    train: pl.DataFrame
    """The training seeds without their texts."""
    askable: pl.DataFrame
    """seed_id and stratum of the seeds that a teacher may be asked."""
    decided: frozenset[str]
    """Seeds that a person decided."""
    gates: GateSettings
    verdicts: VerdictLookup
    graph: Graph
    held_out: list[HeldOut]
    room: Mapping[str, int] = field(default_factory=dict)
    """Stratum → seeds that could still be made."""


def read_inputs(
    task: Task, table: pl.DataFrame, asked: TeacherQuestions, store: Store, graph: Graph | None = None,
    *, room: Mapping[str, int] | None = None, rulings: Mapping[str, str] | None = None,
) -> CurationInputs:  # fmt: skip
    """The inputs from the seeds' table and from what the store holds now; sends nothing, and keeps none of the seeds' texts.

    `graph` is the seeds', where the caller has it. `rulings` are answers that a person decided on, by seed: approved rows, and
    whatever a teacher said of them is one answer more.
    """
    train = table.filter(role="train")
    by_person = approved.decided(train, rulings or {})
    decided = frozenset(by_person["seed_id"])
    known = lookup.without(approved.approved(task, train), decided)
    verdicts = VerdictLookup(task, store, lookup.Lookup(train, "gold") if task.reference else {})
    samples, unanswered = answers.answered(task, train, asked, store)
    return CurationInputs(
        task=task, asked=asked, unanswered=unanswered, decided=decided, verdicts=verdicts, room=room or {},
        answers=RemainingRows(samples),
        approved=RemainingRows(_approved(task, known, by_person)),
        train=train.drop("fields", "gold", "input"),
        askable=approved.askable(task, train).select("seed_id", "stratum"),
        gates=gate_settings(task, train, verdicts),
        graph=graph or near_graph.graph(task.spec, table),
        held_out=held_out_rows(task, table),
    )  # fmt: skip


def gate_settings(task: Task, seeds: pl.DataFrame, verdicts: VerdictLookup) -> GateSettings:
    """The spec's gates, with what those for schema, tools, agreement, the task's own function and by models check against."""
    own: dict[str, dict[str, object]] = {
        "schema": {"schema": task.output},
        "tools": {"tools": task.tools, "own": _row_tools(seeds)},
        "agreement": {**compared.comparison(task)},
        **verdicts.by_gate,
    }
    named = task.spec.gate_settings()
    if any(name == "verify" for name, _ in named):
        own["verify"] = function.task_argument(task, seeds)
    return [(name, {**own.get(name, {}), **settings}) for name, settings in named]


def _row_tools(seeds: pl.DataFrame) -> RowTools:
    """The tools that rows bring themselves."""
    brought = lookup.requests(seeds)
    return RowTools({seed: canonical(own["tools"]) for seed, own in brought.items() if "tools" in own})


def _approved(task: Task, known: pl.DataFrame, by_person: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([approved.samples(task, known), approved.samples(task, by_person, model=approved.PERSON)])


def held_out_rows(task: Task, table: pl.DataFrame) -> list[HeldOut]:
    """Every row that must not train: those of the test and of calibration, and of the evaluation sets that the spec names."""
    apart = table.filter(pl.col("role").is_in([TEST, CALIBRATION]))
    own = apart.select("seed_id", "input", pl.col("gold").fill_null(""), "role")
    named = (HeldOut(line, said, rest, name, sure) for name, line, said, rest, sure in task.held_out)
    return [*(HeldOut(*row) for row in own.iter_rows()), *named]
