"""Answers into a dataset: gates, duplicates, leaks, pre-flight, balance, split; and what is still short of its quota."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from distill.curate import preflight, seed_status
from distill.curate.accounting import funnel
from distill.curate.dedup import rulings as disputes
from distill.curate.dedup import step as twins
from distill.curate.gates.judge.lookup import VerdictLookup
from distill.curate.gates.judge.requests import without_calls
from distill.curate.gates.verify import function
from distill.curate.result import Curated
from distill.generate import answers
from distill.generate.questions import Asked
from distill.records import Json, canonical
from distill.seeds import approved as approving
from distill.strata import targets
from distill.tables import lookup
from distill.task import near_graph
from distill.teacher.store.store import Store

if TYPE_CHECKING:
    import polars as pl

    from distill.curate.gates.structure import RowTools
    from distill.curate.leaks import HeldOut
    from distill.curate.selection.assemble import Parts
    from distill.similarity.graph import Graph
    from distill.task.task import Task

Gates = list[tuple[str, dict[str, Any]]]
"""The gates by name with their settings, in the spec's order."""


def gates(task: Task, seeds: pl.DataFrame, verdicts: VerdictLookup) -> Gates:
    """The spec's gates, with what those for schema, tools, agreement, the task's own function and by models check against."""
    own: dict[str, dict[str, Any]] = {
        "schema": {"schema": task.output},
        "tools": {"tools": task.tools, "own": _row_tools(seeds)},
        "agreement": {
            "compare": disputes.compared(task.spec, task.output),
            "rules": disputes.rules(task.spec, task.output),
        },
        **verdicts.by_gate,
    }
    named = task.spec.gate_settings()
    if any(name == "verify" for name, _ in named):
        own["verify"] = function.task_argument(task, seeds)
    return [(name, {**own.get(name, {}), **settings}) for name, settings in named]


def _row_tools(seeds: pl.DataFrame) -> RowTools:
    """The tools that rows bring themselves."""
    from distill.curate.gates.structure import RowTools

    brought = lookup.requests(seeds)
    return RowTools({seed: canonical(own["tools"]) for seed, own in brought.items() if "tools" in own})


def curate(
    task: Task, table: pl.DataFrame, asked: Asked, store: Store, graph: Graph | None = None,
    *, room: Mapping[str, int] | None = None, rulings: Mapping[str, str] | None = None,
) -> Curated:  # fmt: skip
    """All steps in order over what the store holds now; sends nothing.

    `graph` is the seeds', where the caller has it; `room` are seeds that could still be made, by stratum. `rulings` are answers
    that a person decided on, by seed: approved rows, and whatever a teacher said of them is one answer more.
    """
    import polars as pl

    from distill.curate import approved, leaks
    from distill.curate.gates.registry import run_gates

    train = table.filter(pl.col("role") == "train")
    decided = approving.decided(train, rulings or {})
    ruled = frozenset(decided["seed_id"])
    verdicts = VerdictLookup(task, store, lookup.Lookup(train, "gold") if task.reference else {})
    settings = gates(task, train, verdicts)
    askable = approving.askable(task, train).select("seed_id", "stratum")
    graph, held_out = graph or near_graph.graph(task.spec, table), _held_out(task, table)
    table = table.clear()  # a million rows fit in memory once: what is told, or went into a step, stands nowhere
    due, unanswered = _due(task, train, asked, decided, store)
    train = train.drop("fields", "gold", "input")
    gated = run_gates(due.pop(), settings)
    seeds = seed_status.of(task, train, askable, asked, gated, unanswered, ruled=ruled, owed=verdicts.pending)
    gold = approved.check(due.pop(), without_calls(settings))  # a verdict costs a call, and approved rows cost none
    alike = twins.of(task, asked, gated.kept, gold.outcome.kept, ruled=ruled, graph=graph)
    rows, gated, gold, alike = alike.unique.kept, gated.losses, gold.losses, alike.losses
    shared = enumerated(task.output)
    clean = leaks.leaks(rows, held_out=held_out, near=near_graph.leak(task.spec), graph=graph, template=shared)
    rows, clean = clean.kept, clean.losses
    fit = preflight.fit(task, rows)
    rows, fit = fit.kept, fit.losses
    through = frozenset({ask.seed for ask in asked}.intersection(rows["seed_id"])) | seeds.waiting.keys()
    wanted = targets.of(task.targets, train.filter(pl.col("seed_id").is_in(list(seeds.hoped))), rows, train, room or {})
    part = _parts(task, rows, wanted, graph)
    later = [*alike.votes, alike.unique, clean, fit, part.leaks, part.balance]
    steps = [gated, gold.outcome, *later]
    return Curated(
        kept=part.kept,
        rejected=pl.concat([step.rejected for step in steps], how="diagonal").sort("seed_id", "teacher", "kind", "draw"),
        dropped=pl.concat([seeds.resting, unanswered, *(step.dropped for step in steps)]),
        flagged=gold.flagged,
        funnel=funnel.of_answers(asked, seeds, unanswered, gated, gold.outcome, later, ruled=ruled),
        quotas=wanted, passed=Counter(part.leaks.kept["stratum"].to_list()), through=through, standing=seeds,
        conflicts=alike.conflicts, contested=alike.contested, verdicts=verdicts,
    )  # fmt: skip


def _due(
    task: Task, train: pl.DataFrame, asked: Asked, decided: pl.DataFrame, store: Store
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """([samples of rows whose known answer trains or that a person decided, those of answers], questions without an answer)."""
    import polars as pl

    samples, unanswered = answers.of(task, train, asked, store)
    known = disputes.without(approving.approved(task, train), frozenset(decided["seed_id"]))
    by_person = approving.samples(task, decided, model=approving.PERSON)
    return [pl.concat([approving.samples(task, known), by_person]), samples], unanswered


def _held_out(task: Task, table: pl.DataFrame) -> list[HeldOut]:
    """Every row that must not train: those of the test, and of the evaluation sets that the spec names."""
    import polars as pl

    from distill.curate.leaks import HeldOut

    test = table.filter(pl.col("role") == "test").select("seed_id", "input", pl.col("gold").fill_null(""))
    named = (HeldOut(line, said, rest, name, sure) for name, line, said, rest, sure in task.held_out)
    return [*(HeldOut(*row) for row in test.iter_rows()), *named]


def enumerated(schema: Json) -> list[str]:
    """The texts that a schema enumerates, anywhere in it: who knows them knows no row."""
    if isinstance(schema, list):
        return [text for part in schema for text in enumerated(part)]
    if not isinstance(schema, dict):
        return []
    own = [*_listed(schema.get("enum")), schema.get("const")]
    return [value for value in own if isinstance(value, str)] + enumerated(list(schema.values()))


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _parts(task: Task, rows: pl.DataFrame, wanted: Mapping[str, int], graph: Graph) -> Parts:
    """The rows that the quotas take, split into those to train and those to validate."""
    from distill.curate.selection import assemble

    dataset, floors = task.spec.dataset, [(case.where, case.at_least) for case in task.edge_cases]
    return assemble.parts(
        rows, quotas=wanted, floors=floors, by=dataset.select.by, weight=dataset.select.weight, valid=dataset.valid,
        near=near_graph.leak(task.spec), graph=graph, template=enumerated(task.output),
    )  # fmt: skip
