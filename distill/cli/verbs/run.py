"""`distill run`, and each of its stages but `export` alone: all that works in a run's folder."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.ci import CiFiles, Junit, Summary, gate_lines, write
from distill.cli.options import LIMIT, AsJson, Limit, Set, Spec, Usd, limited, opened, out
from distill.cli.verbs import processes as several
from distill.cli.verbs.processes import Processes
from distill.cli.verbs.where import HERE, Heard, On, SpillFolder, Storage, Where

if TYPE_CHECKING:
    from distill.generate.kept import Relabel
    from distill.pipeline.result import Run
    from distill.task.task import Task

ALL = ("generate", "curate", "export", "train", "evaluate", "report")

Partial = Annotated[
    bool, typer.Option("--partial", help="continue without rows that have no answer; exit code 3 at the end")
]
NewRun = Annotated[bool, typer.Option("--new", help="start the next numbered run instead of continuing the latest")]
Anyway = Annotated[
    bool,
    typer.Option(
        "--anyway", help="go on where the teacher's exam, or the preflight of the dataset, would stop the run"
    ),
]
WaitForJobs = Annotated[
    bool, typer.Option("--wait", help="wait until batch jobs end, or result files are there, then continue")
]


def run_stages(
    spec: Path, sets: list[str] | None, as_json: bool, max_usd: float | None, *, partial: bool, stages: tuple[str, ...],
    new: bool = False, fresh: Relabel | bool = False, wait: bool = False, anyway: bool = False,
    options: Mapping[str, str] | None = None, files: CiFiles | None = None, where: Where = HERE,
) -> None:  # fmt: skip
    from distill.student.processes import group as processes

    with where.taken(spec) as heard:
        done, task, lines = run_once(
            spec, sets, as_json, max_usd, partial=partial, stages=stages, new=new, fresh=fresh, wait=wait, anyway=anyway,
            options=options, heard=heard,
        )  # fmt: skip
    write(files or CiFiles(), done)
    if "train" in stages:
        processes.release()
    out(done.as_json() | {"notes": list(task.notes)}, as_json, lines)
    raise typer.Exit(done.exit_code)


def run_once(
    spec: Path, sets: list[str] | None, as_json: bool, max_usd: float | None, *, partial: bool, stages: tuple[str, ...],
    new: bool = False, fresh: Relabel | bool = False, wait: bool = False, anyway: bool = False,
    options: Mapping[str, str] | None = None, heard: Heard | None = None,
) -> tuple[Run, Task, list[str]]:  # fmt: skip
    """What was done, and the lines that a person reads of it."""
    from distill.cli.live.next_step import given_words
    from distill.cli.live.panel import Panel
    from distill.cli.text.ending import ending_lines
    from distill.pipeline import run as pipeline
    from distill.student.processes import group as processes

    if "train" in stages and processes.count() > 1:
        processes.check_launch()
        if not processes.first():
            several.train_along()
    task, begun = opened(spec, sets, max_usd, as_json=as_json, options=options), time.monotonic()
    with Panel(quiet=as_json) as panel, (heard or Heard()).by(panel.say):
        done = pipeline.start(
            task, stages=stages, watch=panel, partial=partial, new=new, refresh=fresh, wait=wait, anyway=anyway
        )
    lines: list[str] = []
    if not as_json:
        given = given_words(str(spec), sets or [], max_usd)
        lines = [*ending_lines(done, task, given, stages, took_s=time.monotonic() - begun), *gate_lines(done)]
    return done, task, lines


def run(
    spec: Spec,
    sets: Set = None,
    as_json: AsJson = False,
    max_usd: Usd = None,
    limit: Limit = None,
    partial: Partial = False,
    new: NewRun = False,
    wait: WaitForJobs = False,
    anyway: Anyway = False,
    processes: Processes = None,
    junit: Junit = None,
    summary: Summary = None,
    on: On = None,
    storage: Storage = None,
) -> None:
    """Run all stages in order.

    Stages whose inputs did not change are skipped.
    """
    several.start(spec, [*(sets or []), *limited(limit)], processes)
    run_stages(
        spec, [*(sets or []), *limited(limit)], as_json, max_usd, partial=partial, new=new, wait=wait, anyway=anyway,
        stages=ALL, options=LIMIT, files=CiFiles(junit, summary), where=Where(on, storage),
    )  # fmt: skip


def _verb(doc: str, stages: tuple[str, ...]) -> Callable[..., None]:
    def verb(
        spec: Spec,
        sets: Set = None,
        as_json: AsJson = False,
        max_usd: Usd = None,
        partial: Partial = False,
        new: NewRun = False,
        wait: WaitForJobs = False,
        anyway: Anyway = False,
    ) -> None:
        run_stages(spec, sets, as_json, max_usd, partial=partial, new=new, wait=wait, anyway=anyway, stages=stages)

    verb.__doc__ = doc
    return verb


def generate(
    spec: Spec,
    sets: Set = None,
    as_json: AsJson = False,
    max_usd: Usd = None,
    limit: Limit = None,
    partial: Partial = False,
    new: NewRun = False,
    wait: WaitForJobs = False,
    anyway: Anyway = False,
    on: On = None,
    storage: Storage = None,
) -> None:
    """Ask the teacher for missing answers.

    Answers in the store are not paid for again.
    """
    run_stages(
        spec, [*(sets or []), *limited(limit)], as_json, max_usd, partial=partial, new=new, wait=wait, anyway=anyway,
        stages=("generate",), options=LIMIT, where=Where(on, storage),
    )  # fmt: skip


def curate(
    spec: Spec,
    sets: Set = None,
    as_json: AsJson = False,
    new: NewRun = False,
    on: On = None,
    storage: Storage = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if", metavar="CHANGE",
            help="preview a change, write nothing: length.max_tokens=50, repetition=on, dedup.near=0.9; repeatable",
        ),
    ] = None,
    spill: SpillFolder = None,
) -> None:  # fmt: skip
    """Turn the answers into a dataset.

    Sends nothing: trying other thresholds is free. With --on disk, or --on ray and --spill, approved rows become a dataset, export
    included, without all of them in memory.
    """
    if on == "disk" or spill is not None:
        from distill.cli.verbs.on_disk import curate_on_disk

        curate_on_disk(spec, sets, as_json, new=new, spill=spill, what_if=bool(what_if), where=Where(on, storage))
    if not what_if:
        run_stages(spec, sets, as_json, None, partial=False, new=new, stages=("curate",), where=Where(on, storage))
        return
    from distill.cli.text.run import what_if_lines
    from distill.pipeline import arguments
    from distill.views import what_if as preview

    found = preview.what_if(arguments.spec_of(spec), what_if, overrides=sets or [], env=os.environ)
    out(dataclasses.asdict(found), as_json, what_if_lines(found))


def train(
    spec: Spec,
    sets: Set = None,
    as_json: AsJson = False,
    max_usd: Usd = None,
    partial: Partial = False,
    new: NewRun = False,
    wait: WaitForJobs = False,
    anyway: Anyway = False,
    processes: Processes = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="cancel the run's job at its host, and train nothing")
    ] = False,
) -> None:
    """Fine-tune the student.

    By LoRA on this machine, or on a host.
    """
    if not cancel:
        several.start(spec, sets or [], processes)
        run_stages(spec, sets, as_json, max_usd, partial=partial, new=new, wait=wait, anyway=anyway, stages=("train",))
        return
    from distill.student.hosted.cancel import cancel as cancelled

    job = cancelled(opened(spec, sets, max_usd, as_json=as_json))
    said = (
        f"job {job.id}: {job.word} at its host" if job else "no tuning job of this run is known; nothing was cancelled"
    )
    out({"job": job.id if job else None, "state": job.word if job else None}, as_json, [said])


def evaluate(
    spec: Spec,
    sets: Set = None,
    as_json: AsJson = False,
    max_usd: Usd = None,
    partial: Partial = False,
    new: NewRun = False,
    wait: WaitForJobs = False,
    student: Annotated[
        str | None,
        typer.Option(metavar="FILE|URL", help="score what was shipped instead: a GGUF file, a folder, or a server"),
    ] = None,
    model: Annotated[str | None, typer.Option(help="the student's name at the server of --student")] = None,
    junit: Junit = None,
    summary: Summary = None,
) -> None:
    """Compare the student with its teacher.

    On the test rows, together with the base model, prompted and bare. With --student what was shipped is asked the same rows, and
    held against the run's own student.
    """
    if student is None:
        run_stages(
            spec, sets, as_json, max_usd, partial=partial, new=new, wait=wait, stages=("evaluate",),
            files=CiFiles(junit, summary),
        )  # fmt: skip
        return
    from distill.cli.live.panel import Panel
    from distill.cli.text.serve.ship import score_lines
    from distill.pipeline.arguments import run_of
    from distill.ship import artefact

    task = opened(spec, sets, max_usd, as_json=as_json)
    folder = run_of(str(spec), task.home)
    with Panel(quiet=as_json) as panel:
        found = artefact.scored(task, folder, artefact.address_of(task, student, model), student, panel)
    out(dataclasses.asdict(found), as_json, score_lines(found))


report = _verb("Write report.html and REPORT.md.", ("report",))
