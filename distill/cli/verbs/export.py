"""`distill export` and `push`: the dataset's files, in the formats of other trainers too, and on the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.options import AsJson, HomeFolder, RunName, Set, Spec, Usd, opened, out
from distill.cli.verbs.run import Anyway, NewRun, Partial, WaitForJobs

if TYPE_CHECKING:
    from distill.records import Json
    from distill.task.task import Task

_FORMATS = "openai, openai-preference, trl, trl-preference, sharegpt, alpaca, llamafactory, axolotl, hub"
_CONFIGS = "trl, axolotl, llamafactory, openai, together"


def export(
    spec: Spec,
    sets: Set = None,
    as_json: AsJson = False,
    max_usd: Usd = None,
    partial: Partial = False,
    new: NewRun = False,
    wait: WaitForJobs = False,
    anyway: Anyway = False,
    formats: Annotated[
        list[str] | None, typer.Option("--format", metavar="NAME", help=f"write this format too, repeatable: {_FORMATS}")
    ] = None,
    configs: Annotated[
        list[str] | None,
        typer.Option("--config", metavar="NAME", help=f"write a ready job file with its data, repeatable: {_CONFIGS}"),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="preference pairs: the least difference of two scores, 0 to 1; default: 0.2", min=0.01, max=1),
    ] = None,
) -> None:  # fmt: skip
    """Write the dataset files.

    train.jsonl, valid.jsonl, test.jsonl, dataset.parquet and a dataset card; with --format and --config, also what other trainers
    read, in the run's folder formats/.
    """
    from distill.cli.live.panel import Panel
    from distill.cli.text.run import run_lines
    from distill.pipeline import run as pipeline
    from distill.student.formats import registry
    from distill.student.job_files import render

    names, jobs = registry.named(formats or ()), render.named(configs or ())
    task = opened(spec, sets, max_usd, as_json=as_json)
    with Panel(quiet=as_json) as panel:
        done = pipeline.start(task, stages=("export",), watch=panel, partial=partial, new=new, wait=wait, anyway=anyway)
    how = {} if margin is None else {"margin": margin}
    more, told = _further(task, done.name, names, jobs, how) if (names or jobs) and not done.why_empty else ({}, [])
    out(done.as_json() | {"notes": list(task.notes)} | more, as_json, run_lines(done) + told)
    raise typer.Exit(done.exit_code)


def _further(
    task: Task, run: str, names: Sequence[str], jobs: Sequence[str], how: Mapping[str, float]
) -> tuple[dict[str, Json], list[str]]:
    """Formats and job files of a run: what `--json` adds, and the lines for a person."""
    from distill.cli.text.export import export_lines
    from distill.rundir import find
    from distill.student import other_formats

    folder = find(task.home, run)
    with folder.lock():
        data = other_formats.dataset_of(task, folder)
        settings = dict.fromkeys(jobs, other_formats.job_settings(task, data)) if jobs else {}
        made = other_formats.write(data, names, settings, **how)
    return made.as_json(), export_lines(made)


def push(
    run: RunName,
    to: Annotated[
        str, typer.Option(metavar="FOLDER|hub:ORG/NAME", help="a folder, or a dataset repository of the hub")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be written, and write nothing")] = False,
    public: Annotated[
        bool, typer.Option("--public", help="hub: a repository that all can read; default: private")
    ] = False,
    license_id: Annotated[
        str | None,
        typer.Option("--license", metavar="ID", help="the dataset's license, as the hub names it: cc-by-4.0"),
    ] = None,
    no_test: Annotated[bool, typer.Option("--no-test", help="leave the test rows out")] = False,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Put a run's dataset on the hub.

    Or into a folder laid out as one: Parquet by split, and a card. Rows with a credential stop it. The token is HF_TOKEN's, or that of
    `hf auth login`.
    """
    from distill.cli.text.export import push_lines
    from distill.pipeline import arguments
    from distill.student import run_dataset
    from distill.student.hub import push as pushing

    data = run_dataset.of_run(arguments.run_of(run, home))
    done = pushing.push(data, to, dry_run=dry_run, public=public, license_id=license_id, tests=not no_test)
    out(done.as_json(), as_json, push_lines(done))
