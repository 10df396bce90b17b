"""The stage that reports: gathers the run's files and ledger into a `Report`, and writes it as JSON, HTML and Markdown."""

from __future__ import annotations

import asyncio
import itertools
import shlex
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from distill.advise.roi.section import by_default
from distill.atomic_write import write_atomic, write_json
from distill.curate.accounting import shortfall
from distill.evaluate.ablation.result import read_ablations
from distill.evaluate.comparison import Comparison
from distill.evaluate.curve.result import read_curves
from distill.evaluate.metrics import measure
from distill.evaluate.scores import scores_by_arm
from distill.evaluate.stage import linear_alone
from distill.evaluate.verdict import ComparisonVerdict
from distill.evaluate.worst import WorstAnswer, best_answers
from distill.exam.result import read_exam
from distill.records import Json
from distill.report import page, timeline
from distill.report.curation import CurationSection, curation_of
from distill.report.previous import previous_student
from distill.report.report import DatasetSize, Report, RunFacts, StudentFacts, TeacherFacts, as_json
from distill.report.sections.changes import changes_since_before
from distill.report.sections.heat_map import HeatMap, heat_map
from distill.report.spending import spending
from distill.report.warnings import warnings
from distill.rundir import read_json, read_result
from distill.student import stage as student_stage
from distill.student.hosted import stage as hosted
from distill.task.run import ActiveRun, endpoints
from distill.task.stage import stage, version_note
from distill.text.percentages import percent
from distill.values import rules


async def report(run: ActiveRun) -> None:
    """report.html, REPORT.md and report.json."""
    await stage(run, "report", outputs=["report.html", "REPORT.md", "report.json"], work=_report, sending=True)


async def _report(run: ActiveRun) -> Mapping[str, Json]:
    comparison = read_result(run.folder / "comparison.json", Comparison)
    _write(run, gather(run, comparison))
    return {}


_CLASSIFIERS = {"linear": "TF-IDF of characters, linear", "embedding": "word vectors, linear"}


async def first_page(run: ActiveRun) -> None:
    """The report before a student is there: the dataset, and a linear model of its rows; the run replaces it."""
    comparison = await asyncio.to_thread(linear_alone, run)
    if comparison is None:
        return
    verdict = ComparisonVerdict("not yet", _so_far(comparison))
    _write(run, gather(run, replace(comparison, verdict=verdict)))
    run.watch.say(f"  {verdict.sentences[1]}")
    run.watch.say(f"  a first page is written: {run.folder / 'report.html'}")


def _so_far(comparison: Comparison) -> list[str]:
    """The headline, what the linear model gets, and what is still to come."""
    found = comparison.arms["linear"].metrics.get(comparison.metric)
    score = " answers them"
    if found is not None:
        interval = f"{percent(found.low, 0)} to {percent(found.high, 0)}"
        score = f" gets {percent(found.mean)} {measure(comparison.metric, comparison.kind)} ({interval})"
    return [
        "Not yet: the student is being trained.",
        f"On {comparison.rows} test rows, a linear model of the training rows{score}. A student has to beat it.",
        "Still to come: the student, the teacher and the other arms on the same rows, and the verdict.",
    ]


def _write(run: ActiveRun, found: Report) -> None:
    write_json(run.folder / "report.json", as_json(found))
    write_atomic(run.folder / "report.html", page.html(found).encode("utf-8", "replace"))
    write_atomic(run.folder / "REPORT.md", page.markdown(found).encode("utf-8", "replace"))


def gather(run: ActiveRun, comparison: Comparison) -> Report:
    """The whole report of a run."""
    funnel = read_json(run.folder / "funnel.json", dict) if (run.folder / "funnel.json").exists() else {}
    facts = _run_facts(run)
    heat, best = _by_row(run, comparison)
    changes = changes_since_before(run)
    return Report(
        title=run.task.spec.task,
        about=run.task.spec.about,
        run=facts,
        teacher=TeacherFacts(run.task.models, run.task.spec.teacher.terms),
        student=_student(run),
        comparison=comparison,
        exam=read_exam(run.folder),
        funnel=funnel.get("funnel", []),
        total=funnel.get("total"),
        strata=funnel.get("strata", {}),
        curation=_curation(run, funnel),
        loss=student_stage.losses(run.folder),
        learning_curves=read_curves(run.folder),
        hosted=hosted.facts(run.folder),
        spend=spending(run),
        endpoints=run.fact("endpoints", endpoints),
        timeline=run.fact("timeline", timeline.of_run),
        expect=read_json(run.folder / "expect.json", list) if (run.folder / "expect.json").exists() else [],
        dataset=_size(run.table("samples.parquet", ["fate", "completion_tokens"]), comparison.rows),
        repeat=[_repeat(run, facts.spec)],
        warnings=[*comparison.warnings, *warnings(run, funnel), *changes.unread],
        previous=previous_student(run, comparison),
        roi=by_default(run, comparison),
        heat_map=heat,
        best=best,
        ablations=read_ablations(run.folder),
        models=_models(run),
        run_diff=changes.found,
    )


def _student(run: ActiveRun) -> StudentFacts:
    train = run.task.spec.student.train
    tuned = train.local or train.with_ == "hosted"
    return StudentFacts(train.base if tuned else "", train.with_, student_stage.engine(run.task) if tuned else "")


def _models(run: ActiveRun) -> dict[str, str]:
    """What answers for each arm."""
    train = run.task.spec.student.train
    student = _CLASSIFIERS.get(train.with_, f"{train.base} + {train.with_}")
    bases = dict.fromkeys(("base", "prompted_base", "few_shot"), train.base)
    rivals = {name: model.address.model for name, model in run.task.rivals.items()}
    return {"teacher": run.task.models, "student": student, "gold_student": student, **_CLASSIFIERS, **bases, **rivals}


def _by_row(run: ActiveRun, comparison: Comparison) -> tuple[HeatMap | None, list[WorstAnswer]]:
    """What the scores of the single test rows show; nothing before they are there."""
    if "student" not in comparison.arms or not (run.folder / "scores.parquet").exists():
        return None, []
    scores, calls = run.table("scores.parquet"), run.table("calls.parquet")
    tests = run.scan("seeds.parquet").filter(pl.col("role") == "test").collect()
    heat = heat_map(scores_by_arm(scores), comparison.metric, tests, run.task.spec.strata.by)
    return heat, best_answers(scores, calls, tests, comparison.metric, rules.names(run.task.output))


def _run_facts(run: ActiveRun) -> RunFacts:
    task, folder, versions = run.task, run.folder, dict(version_note())  # the cached one stays whole
    started = min((entry["started"] for entry in folder.manifest()["stages"].values()), default=0.0)
    inside = task.path.is_relative_to(task.home)
    return RunFacts(
        folder=f"runs/{folder.name}",
        number=folder.number,
        spec=str(task.path.relative_to(task.home)) if inside else task.path.name,
        started=_time(started),
        finished=_time(datetime.now(UTC).timestamp()),
        distill_version=versions.pop("distill"),
        python=versions.pop("python"),
        packages=versions,
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _curation(run: ActiveRun, funnel: Mapping[str, Json]) -> CurationSection:
    task = run.task
    return curation_of(
        run.table("seeds.parquet"),
        run.table("samples.parquet"),
        run.table("dropped.parquet"),
        gates=task.spec.gate_settings(),
        edge_cases=funnel.get("edge_cases", []),
        short=shortfall.read_shortfall(funnel),
        unread=itertools.chain(task.seeds, task.pinned),
    )


def _size(samples: pl.DataFrame, tests: int) -> DatasetSize:
    tokens = int(samples.filter(samples["fate"] != "dropped")["completion_tokens"].sum())
    train, valid = (int((samples["fate"] == fate).sum()) for fate in ("train", "valid"))
    return DatasetSize(train=train, valid=valid, test=tests, tokens=tokens)


def _repeat(run: ActiveRun, spec: str) -> str:
    """The command that made the run, with what it changed of the spec."""
    sets = [word for change in run.task.overrides for word in ("--set", change)]
    if not sets and run.parent is None and spec == "prompts/support-triage/task.yaml":
        return "make distill"
    verb, option = ("run", []) if run.parent is None else ("refresh", ["--apply"])
    return shlex.join(["distill", verb, spec, *sets, *option])
