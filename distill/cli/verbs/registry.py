"""`distill promote`, `rollback`, `history` and `verify`: which student serves, and whether it is what was promoted."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from distill.cli import completion
from distill.cli.options import AsJson, HomeFolder, RunName, out

TaskName = Annotated[str, typer.Argument(help="a task, or a run of it", metavar="TASK", autocompletion=completion.runs)]


def promote(
    run: RunName,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="promote a student whose verdict is not `distil`; the reason is kept")
    ] = False,
    mlflow: Annotated[
        str | None,
        typer.Option(
            "--mlflow",
            help="register it at this MLflow server or database too; overrides registry.mlflow",
            metavar="URI",
        ),
    ] = None,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Make a run's student the one that serves.

    Its files are copied, read-only, to registry/TASK beside runs/; the link `current` and `current.json`, which servers read, lead
    to them by one rename.
    """
    from distill.cli.text.registry import move_lines
    from distill.lifecycle.registry import promote as promoting

    moved = promoting.promote(run, home, anyway=anyway, mlflow=mlflow)
    out(dataclasses.asdict(moved) | {"path": str(moved.path)}, as_json, move_lines(moved))


def rollback(
    task: TaskName,
    to: Annotated[
        int | None, typer.Option("--to", help="the number of a student, as `history` lists it", min=1)
    ] = None,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Serve the student before this one again.

    Or that of a number. Nothing is removed; a student of which a file was touched is refused.
    """
    from distill.cli.text.registry import move_lines
    from distill.lifecycle.registry import promote as promoting

    moved = promoting.rollback(task, home, to=to)
    out(dataclasses.asdict(moved) | {"path": str(moved.path)}, as_json, move_lines(moved))


def history(task: TaskName, as_json: AsJson = False, home: HomeFolder = Path()) -> None:
    """List the promoted students of a task.

    Number, run, date, content hash, teacher and when it was asked, base, verdict and score, and which one serves.
    """
    from distill.cli.text.registry import history_lines
    from distill.lifecycle.registry import history as promoted

    found = promoted.history(task, home)
    out(dataclasses.asdict(found), as_json, history_lines(found))


def verify(
    given: Annotated[
        str | None,
        typer.Argument(help="a run, or a task: its runs and students; without one, all", metavar="[RUN_OR_TASK]",
                       autocompletion=completion.runs),
    ] = None,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:  # fmt: skip
    """Hash all files again, and name what changed.

    Files of runs against their manifest, files of promoted students against their own record. Exit code 4 where one was touched.
    """
    from distill.cli.text.registry import verified_lines
    from distill.lifecycle.registry import integrity

    found = integrity.verify(given, home)
    out(dataclasses.asdict(found), as_json, verified_lines(found))
    if found.touched:
        raise typer.Exit(4)
