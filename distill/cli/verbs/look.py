"""`distill list`, `status`, `explain`, `show` and `explain-miss`: a run is read, and nothing is sent or written."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from distill.cli import completion
from distill.cli.options import AsJson, HomeFolder, RunName, Set, out


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
        str,
        typer.Argument(
            help="a run, e.g. task/001, or a task (its newest run)", metavar="SPEC", autocompletion=completion.runs
        ),
    ],
    sets: Set = None,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Show where a run stands.

    Stages, rows and cost. Reads only, so it can be called while the run works.
    """
    from distill.cli.text.status import status_lines
    from distill.views import status

    found = status.status(Path(task), sets or [], home)
    out(dataclasses.asdict(found), as_json, status_lines(found))


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
