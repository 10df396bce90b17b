"""`distill list`, `status`, `explain`, `show` and `explain-miss`: a run is read, and nothing is sent or written, but by
`status --ask`."""

from __future__ import annotations

import dataclasses
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from distill.cli import completion
from distill.cli.options import AsJson, HomeFolder, RunName, Set, out
from distill.errors import GateNotMet, UsageError


def list_runs(as_json: AsJson = False, home: HomeFolder = Path()) -> None:
    """List the runs of a project.

    How far each came, its training rows, its verdict and what it cost.
    """
    from distill.cli.text.status import runs_lines
    from distill.pipeline.arguments import project_at
    from distill.views.runs import runs

    found = runs(project_at(home))
    out({"runs": [dataclasses.asdict(run) for run in found]}, as_json, runs_lines(found))


def status(
    task: Annotated[
        str | None,
        typer.Argument(
            help="a run, e.g. task/001, or a task (its newest run)", metavar="SPEC", autocompletion=completion.runs,
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="every task of the project: runs, what serves, when models end, what is due")
    ] = False,
    due: Annotated[bool, typer.Option("--due", help="as --all, with exit code 4 where something is due, for cron")] = False,
    ask: Annotated[
        bool, typer.Option("--ask", help="with --all: ask each host when its models are shut down; costs nothing")
    ] = False,
    sets: Set = None,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:  # fmt: skip
    """Show where a run stands, or every task.

    Stages, rows and cost. Reads only, so it can be called while the run works.
    """
    if every or due or ask:
        _project(task, sets, home, as_json, due=due, ask=ask)
        return
    if task is None:
        raise UsageError("Missing argument 'SPEC': name a task or a run, or give --all for every task of the project")
    from distill.cli.text.status import status_lines
    from distill.views import status

    found = status.status(Path(task), sets or [], home)
    out(dataclasses.asdict(found), as_json, status_lines(found))


def _project(task: str | None, sets: list[str] | None, home: Path, as_json: bool, *, due: bool, ask: bool) -> None:
    """Every task; exit code 4 where something is due and that is asked for."""
    if task is not None or sets:
        raise UsageError(
            f"--all, --due and --ask are for every task of the project, and {task or '--set'!r} is for one; leave one of them out"
        )
    from distill.cli.text.project import project_lines
    from distill.lifecycle.calendar.project import project_status

    today = datetime.now().astimezone().date()
    found = project_status(home, os.environ, today, ask=ask)
    out(dataclasses.asdict(found), as_json, project_lines(found))
    if due and found.due_now:
        raise typer.Exit(GateNotMet.exit_code)


def explain(
    run: RunName,
    row: Annotated[str, typer.Argument(help="a seed id or its beginning, or LINE or FILE:LINE of the seeds")],
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Show everything about one row.

    Its seed, requests, answers, scores, every send, and why it was kept or dropped.
    """
    from distill.cli.text.rows import history_lines
    from distill.views import explain

    found = explain.explain(home, run, row)
    out(found.as_json(), as_json, history_lines(found))


def show(
    run: RunName,
    what: Annotated[
        str, typer.Argument(help="dropped, kept, or flagged (approved rows that a gate would drop)")
    ] = "dropped",
    reason: Annotated[str | None, typer.Option(help="only rows dropped or flagged for this reason")] = None,
    stratum: Annotated[str | None, typer.Option(help="only rows of this stratum")] = None,
    limit: Annotated[int, typer.Option(help="number of rows to show", min=1)] = 10,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """List dropped, kept or flagged rows.

    Each with the input, the answer and the reason.
    """
    from distill.cli.text.rows import row_list_lines
    from distill.views import show

    found = show.show(home, run, what=what, reason=reason, stratum=stratum, limit=limit)
    out(dataclasses.asdict(found), as_json, row_list_lines(found))


def explain_miss(
    one: Annotated[str, typer.Argument(help="a request id or its beginning, or RUN:ROW", metavar="A")],
    two: Annotated[str, typer.Argument(help="the other request", metavar="B")],
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Show how two requests differ.

    Lists every part of their keys that differs: why a stored answer was not reused.
    """
    from distill.cli.text.rows import diff_lines
    from distill.views import request_diff

    found = request_diff.differences(home, one, two)
    out(dataclasses.asdict(found), as_json, diff_lines(found))
