"""`distill ablate`: what each gate of a run is worth."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Annotated

import typer

from distill.cli.options import AsJson, HomeFolder, RunName, out

Without = Annotated[
    str | None,
    typer.Option(metavar="NAME,…", help="gates, `dedup` or `balance`; by itself all that dropped a row, and these two"),
]
Seeds = Annotated[
    int | None, typer.Option(help="trainings with each left out, and of the whole; default: 3, and 5 of a linear model")
]
With = Annotated[
    str | None, typer.Option("--with", metavar="KIND", help="linear: by a linear model instead, in seconds")
]
Rows = Annotated[int | None, typer.Option(help="training rows of each; default: as many as the smallest has")]


def ablate(
    run: RunName,
    without: Without = None,
    seeds: Seeds = None,
    with_: With = None,
    rows: Rows = None,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Show what each gate is worth.

    Trains the student on equally many rows with one gate left out, several times each, and scores all on the same test rows. Buys
    nothing. Run it again to go on where it was stopped.
    """
    from distill.cli.live.panel import Panel
    from distill.cli.text.worth.ablate import ablation_lines, plan_lines
    from distill.pipeline import arguments
    from distill.pipeline.ablation.ablate import ablated
    from distill.pipeline.ablation.plan import AblationPlan, AblationRequest
    from distill.pipeline.open_task import open_task
    from distill.task import used_spec

    found = arguments.run_of(run, home)
    task = open_task(
        arguments.spec_of(found.path), overrides=used_spec.overrides(found.path, *used_spec.CURATION), env=os.environ, home=found.home,
        priced=False,
    )  # fmt: skip
    with Panel(quiet=as_json) as panel:

        def told(plan: AblationPlan) -> None:
            for line in plan_lines(plan):
                panel.say(line)

        made = ablated(task, found, AblationRequest(without, seeds, with_, rows), panel, told=told)
    out(dataclasses.asdict(made), as_json, ablation_lines(made))
