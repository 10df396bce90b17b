"""Answers into a dataset: gates, duplicates, leaks, pre-flight, balance, split; and what is still short of its quota."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.flow import (
    answered,
    approving,
    checking,
    disputes,
    fitting,
    funnel,
    judging,
    lookup,
    nearness,
    quotas,
    standing,
    twins,
)
from distill.flow.asks import Asked
from distill.flow.curated import Curated
from distill.teacher.store import Store

if TYPE_CHECKING:
    import polars as pl

    from distill.curate.approved import Approved
    from distill.curate.leaks import HeldOut
    from distill.curate.parts import Parts
    from distill.flow.project import Project
    from distill.graph import Graph

Gates = list[tuple[str, dict[str, Any]]]
"""The gates by name with their settings, in the spec's order."""


def gates(project: Project, seeds: pl.DataFrame, bench: judging.Bench) -> Gates:
    """The spec's gates, with what those for schema, tools, agreement, the task's own function and by models check against."""
    own: dict[str, dict[str, Any]] = {
        "schema": {"schema": project.output},
        "tools": {"tools": project.tools},
        "agreement": {"compare": disputes.compared(project.spec, project.output)},
        "verify": checking.given(project, seeds),
        **bench.gates,
    }
    return [(name, {**own.get(name, {}), **settings}) for name, settings in project.spec.gate_settings()]


def curate(
    project: Project, table: pl.DataFrame, asked: Asked, store: Store, graph: Graph | None = None,
    *, room: Mapping[str, int] | None = None, rulings: Mapping[str, str] | None = None,
) -> Curated:  # fmt: skip
    """All steps in order over what the store holds now; sends nothing.

    `graph` is the seeds', where the caller has it; `room` are seeds that could still be made, by stratum. `rulings` are answers
    that a person decided on, by seed: approved rows, and whatever a teacher said of them is one answer more.
    """
    import polars as pl

    from distill.curate import leaks
    from distill.curate.gates import run_gates

    train = table.filter(pl.col("role") == "train")
    decided, near = approving.decided(train, rulings or {}), nearness.leak(project.spec)
    ruled = frozenset(decided["seed_id"])
    bench = judging.Bench(project, store, lookup.Lookup(train, "gold") if project.reference else {})
    settings = gates(project, train, bench)
    samples, unanswered = answered.of(project, train, asked, store)
    gated = run_gates(samples, settings)
    gold = _approved(project, train, decided, settings)
    graph = graph or nearness.graph(project.spec, table)
    alike = twins.of(project, asked, gated.kept, gold.outcome.kept, ruled=ruled, graph=graph)
    clean = leaks.leaks(alike.unique.kept, held_out=_held_out(project, table), near=near, graph=graph)
    fit = fitting.fit(project, clean.kept)
    seeds = standing.of(project, train, asked, gated, unanswered, ruled=ruled, owed=bench.owed)
    hoped = train.filter(pl.col("seed_id").is_in(list(seeds.hoped)))
    wanted = quotas.of(project, hoped, fit.kept, train, room or {})
    part = _parts(project, fit.kept, wanted, near, graph)
    later = [*alike.votes, alike.unique, clean, fit, part.leaks, part.balance]
    steps = [gated, gold.outcome, *later]
    return Curated(
        kept=part.kept,
        rejected=pl.concat([step.rejected for step in steps], how="diagonal").sort("seed_id", "teacher", "draw"),
        dropped=pl.concat([seeds.resting, unanswered, *(step.dropped for step in steps)]),
        flagged=gold.flagged,
        funnel=funnel.of_answers(asked, seeds, unanswered, gated, gold.outcome, later, ruled=ruled),
        quotas=wanted, passed=Counter(part.leaks.kept["stratum"].to_list()),
        through=frozenset([*fit.kept["seed_id"], *seeds.waiting]), standing=seeds,
        conflicts=alike.conflicts, contested=alike.contested, bench=bench,
    )  # fmt: skip


def _approved(
    project: Project, train: pl.DataFrame, decided: pl.DataFrame, settings: Sequence[tuple[str, dict[str, Any]]]
) -> Approved:
    """Rows whose known answer trains, and those that a person decided, past the gates that cost nothing."""
    import polars as pl

    from distill.curate import approved

    free = judging.free(settings)  # a judge's verdict costs a call, and approved rows are to cost none
    known = disputes.without(approving.approved(project, train), frozenset(decided["seed_id"]))
    by_person = approving.samples(project, decided, model=approving.PERSON)
    return approved.check(pl.concat([approving.samples(project, known), by_person]), free)


def _held_out(project: Project, table: pl.DataFrame) -> list[HeldOut]:
    """Every row that must not train: those of the test, and of the evaluation sets that the spec names."""
    import polars as pl

    from distill.curate.leaks import HeldOut

    test = table.filter(pl.col("role") == "test").select("seed_id", "input", pl.col("gold").fill_null(""))
    named = (HeldOut(line, said, rest, name) for name, line, said, rest in project.held_out)
    return [*(HeldOut(*row) for row in test.iter_rows()), *named]


def _parts(project: Project, rows: pl.DataFrame, wanted: Mapping[str, int], near: float, graph: Graph) -> Parts:
    """The rows that the quotas take, split into those to train and those to validate."""
    from distill.curate import parts

    dataset, floors = project.spec.dataset, [(case.where, case.at_least) for case in project.edge_cases]
    return parts.parts(
        rows, quotas=wanted, floors=floors, by=dataset.select.by, weight=dataset.select.weight, valid=dataset.valid,
        near=near, graph=graph,
    )  # fmt: skip
