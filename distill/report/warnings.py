"""What a reader of the report must know before believing it: one function a warning, each with the sentences it has to say."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from distill.curate.accounting import large_losses
from distill.curate.gates.judge.requests import judge_warnings
from distill.generate import served_models
from distill.records import Json
from distill.seeds import prepare
from distill.seeds.expansion import inherit
from distill.spec import UNLABELLED, TaskSpec
from distill.task.run import ActiveRun, ledger
from distill.teacher import counts

FunnelJson = Mapping[str, Json]
"""funnel.json."""


def warnings(run: ActiveRun, funnel: FunnelJson) -> list[str]:
    """All of them, those on money last."""
    spec = run.task.spec
    return [
        *same_model(spec, funnel),
        *no_terms(spec),
        *other_models(run),
        *(step["warning"] for step in funnel.get("funnel", []) if "warning" in step),
        *large_losses.loss_text(large_losses.read_losses(funnel), run.folder.name),
        *judge_warnings(run.task),
        *prepare.fewer_test_rows(funnel.get("test") or {}, spec, run.table("seeds.parquet", ["gold"])),
        *unlabelled(spec, funnel),
        *approved_but_flagged(funnel),
        *synthetic(run, funnel),
        *too_few_rows(funnel),
        *missed_edge_cases(funnel),
        *of_money(run),
    ]


def same_model(spec: TaskSpec, funnel: FunnelJson) -> list[str]:
    """Nothing where no answer of the teacher trains, for known answers teach more than it knows, nor where no base is tuned."""
    asked, train = (funnel.get("total") or {}).get("questions", 1), spec.student.train
    tuned = train.local or train.with_ == "hosted"
    if spec.teacher.model != train.base or not asked or not tuned:
        return []
    return [
        "Teacher and base are the same model here: the student can learn the teacher's form and saves its long prompt, "
        "it cannot become much better. Name a stronger teacher for real work."
    ]


def no_terms(spec: TaskSpec) -> list[str]:
    if spec.teacher.terms:
        return []
    return ["The spec does not state the teacher's terms; check that its answers may train a model."]


def other_models(run: ActiveRun) -> list[str]:
    """Models that answered though another was asked."""
    return [
        f"{line[:1].upper()}{line[1:]}."
        for line in served_models.other_models(run.fact("models", served_models.others))
    ]


def unlabelled(spec: TaskSpec, funnel: FunnelJson) -> list[str]:
    return [
        f"{row['available']} training rows have no readable label {name!r}: they are called unlabelled, a stratum of their own."
        for name in spec.strata.asked
        for row in funnel.get("strata", {}).get(name, [])
        if row["value"] == UNLABELLED
    ]


def approved_but_flagged(funnel: FunnelJson) -> list[str]:
    reasons = ", ".join(f"{reason} {count}" for reason, count in funnel.get("flagged", {}).items())
    if not reasons:
        return []
    return [f"Approved rows train although a gate would drop them ({reasons}); flagged.parquet names each."]


def synthetic(run: ActiveRun, funnel: FunnelJson) -> list[str]:
    kept = run.table("samples.parquet", ["seed_id", "fate"]).filter(pl.col("fate") != "dropped")
    made = inherit.rows_on(run.scan("seeds.parquet"), kept)
    if not made:
        return []
    return [f"{made} of {funnel.get('kept', 0)} rows answer synthetic seeds (seeds.expand); no test row does."]


def too_few_rows(funnel: FunnelJson) -> list[str]:
    accept, kept = funnel.get("accept"), funnel.get("kept", 0)
    if not accept or kept >= accept:
        return []
    return [f"{accept} rows were asked and {kept} got; the funnel says where the others went."]


def missed_edge_cases(funnel: FunnelJson) -> list[str]:
    return [
        f"Edge case {' and '.join(f'{k} = {v}' for k, v in case['where'].items())}: at least {case['at_least']} wanted, {case['got']} got."
        for case in funnel.get("edge_cases", [])
        if case["got"] < case["at_least"]
    ]


def of_money(run: ActiveRun) -> list[str]:
    """What an endpoint's counts and prices leave in the dark."""
    odd_counts = run.fact("odd_counts", lambda run: counts.of_run(run.store, run.folder.name))
    return [
        *(f"{spender}: {line}." for spender, lines in odd_counts.items() for line in lines),
        *(
            f"No price was known for {row.unpriced:,} calls of {row.spender}: what they cost is not in any sum here. Give the "
            "model's `price` in the spec."
            for row in run.fact("ledger", ledger)
            if row.unpriced
        ),
    ]
