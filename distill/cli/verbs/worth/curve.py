"""`distill curve`: the learning curve of a run's student."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Annotated

import typer

from distill.cli.options import AsJson, HomeFolder, RunName, out

Rows = Annotated[
    str | None, typer.Option(metavar="N,N,…", help="training rows of the points, say 50,100,200 or 25%,50%,100%")
]
Seeds = Annotated[int, typer.Option(help="trainings of each point, each with a seed and an order of rows of its own")]
With = Annotated[
    str | None,
    typer.Option("--with", metavar="KIND", help="linear: the curve of a linear model instead, in seconds"),
]


def curve(
    run: RunName,
    rows: Rows = None,
    seeds: Seeds = 1,
    with_: With = None,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Show whether more rows are worth it.

    Trains the student on 25, 50, 75 and 100 % of its rows and scores each on the same test rows. Run it again to go on where it
    was stopped.
    """
    from distill.cli.live.panel import Panel
    from distill.cli.text.worth.curve import curve_lines, plan_lines
    from distill.pipeline import arguments
    from distill.pipeline.learning_curve.curve import drawn
    from distill.pipeline.learning_curve.plan import CurvePlan, CurveRequest
    from distill.pipeline.open_task import open_task
    from distill.task import used_spec

    found = arguments.run_of(run, home)
    task = open_task(
        arguments.spec_of(found.path),
        overrides=used_spec.overrides(found.path),
        env=os.environ,
        home=found.home,
        priced=False,
    )
    with Panel(quiet=as_json) as panel:

        def told(plan: CurvePlan) -> None:
            for line in plan_lines(plan):
                panel.say(line)

        made = drawn(task, found, CurveRequest(rows, seeds, with_), panel, told=told)
    out(dataclasses.asdict(made), as_json, curve_lines(made))
