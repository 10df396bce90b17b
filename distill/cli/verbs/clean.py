"""`distill clean`: runs that nobody needs any more, and never an answer."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.options import AsJson, HomeFolder, out
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.lifecycle.clean import CleanUp, RunSize


def clean(
    given: Annotated[
        str, typer.Argument(help="a run, e.g. task/001, or a task: all its runs but the newest", metavar="TASK_OR_RUN")
    ],
    keep: Annotated[int, typer.Option(help="newest runs of the task that stay", min=0)] = 1,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="remove without asking")] = False,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Remove old runs.

    Stored answers stay, so nothing is paid for again. A run that is still needed stays too, and says why.
    """
    from distill.lifecycle import clean as cleaning

    planned = cleaning.plan(given, home, keep=keep)
    if planned.removed and not yes:
        _ask(planned, as_json)
    done = cleaning.remove(planned)
    found = {
        "removed": [dataclasses.asdict(run) for run in done.removed],
        "kept": [dataclasses.asdict(run) for run in done.kept],
        "bytes": done.bytes,
    }
    out(found, as_json, _lines(done))


def _ask(planned: CleanUp, as_json: bool) -> None:
    """Go on only with a yes; UsageError where nobody is there to say it."""
    names = ", ".join(_sized(run) for run in planned.removed)
    if as_json or not sys.stdin.isatty():
        raise UsageError(f"nothing was removed: {names} would be; add --yes")
    typer.echo(f"{names}: {_size(planned.bytes)} in all. Stored answers stay.", err=True)
    if not typer.confirm("remove?", err=True):
        raise typer.Exit


def _lines(done: CleanUp) -> list[str]:
    return [
        *(f"removed {_sized(run)}" for run in done.removed),
        *(f"kept {run.run}: {run.why}" for run in done.kept),
        f"{len(done.removed)} run{'s' if len(done.removed) != 1 else ''} removed, {_size(done.bytes)}; stored answers stay",
    ]


def _sized(run: RunSize) -> str:
    return f"{run.run} ({_size(run.bytes)})"


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count:,} bytes"
