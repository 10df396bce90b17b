"""`distill checklist`: is a run's student ready to be used? Reads only."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from distill.cli.options import AsJson, HomeFolder, RunName, out


def checklist(
    run: RunName,
    strict: Annotated[bool, typer.Option("--strict", help="exit with 4 unless every item is met")] = False,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Check whether a student is ready for use.

    Schema, tokens, splits, adversarial rows, leaks, fallback, terms and more, each measured from the run's files.
    """
    from distill.advise.readiness.checklist import checklist as measured
    from distill.advise.readiness.run_evidence import read_evidence
    from distill.cli.text.worth.checklist import checklist_lines
    from distill.errors import GateNotMet
    from distill.pipeline import arguments
    from distill.task import stores
    from distill.teacher.store import queries

    found = arguments.run_of(run, home)
    with stores.reading(found.home) as db:
        made = measured(read_evidence(found, queries.spender_totals(db, found.name)))
    out(dataclasses.asdict(made) | {"ready": made.ready}, as_json, checklist_lines(made))
    raise typer.Exit(GateNotMet.exit_code if strict and not made.ready else 0)
