"""`distill roi`: when a run's student has paid for itself. Reads only."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.options import AsJson, HomeFolder, RunName, out

if TYPE_CHECKING:
    from distill.advise.roi.run_figures import RunFigures

Price = Annotated[
    str | None, typer.Option(metavar="IN/OUT|MODEL", help="$ a million tokens in and out, say 2.5/10, or a known model")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="NAME=VALUE", help="an input instead of its default, say hours=40; repeatable"),
]
CallsADay = Annotated[float | None, typer.Option(help="answers that are needed a day", min=1e-6)]
Coverage = Annotated[
    float | None, typer.Option(min=0, max=1, help="share of the rows that the student answers itself in a cascade")
]


def roi(
    run: RunName,
    calls_a_day: CallsADay = None,
    coverage: Coverage = None,
    teacher_price: Price = None,
    student_price: Price = None,
    cheap_price: Price = None,
    inputs: Inputs = None,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Show when the student pays for itself.

    Break-even against the prompted teacher, a cheap model and a cascade, at several volumes. Every input is shown with its source.
    """
    from distill.advise.assumptions import read_inputs
    from distill.advise.price import read_price
    from distill.advise.roi.call_costs import PARTS, GivenPrices
    from distill.advise.roi.roi import RoiRequest
    from distill.advise.roi.roi import roi as summed
    from distill.cli.text.worth.roi import roi_lines

    given = read_inputs(inputs or [])
    teacher, student, cheap = (
        read_price(price, f"--{whose}-price")
        for whose, price in (("teacher", teacher_price), ("student", student_price), ("cheap", cheap_price))
    )
    prices = GivenPrices(teacher, student, cheap, once={part: given.get(f"{part}_usd") for part in PARTS})
    asked = RoiRequest(
        given,
        given.get("calls_a_day") if calls_a_day is None else calls_a_day,
        given.get("coverage") if coverage is None else coverage,
        prices,
    )
    made = summed(_figures(run, home), asked)
    out(dataclasses.asdict(made), as_json, roi_lines(made))


def _figures(run: str, home: Path) -> RunFigures:
    """What was measured in a run."""
    from distill.advise.roi.run_figures import models_of, read_figures
    from distill.pipeline import arguments
    from distill.task import stores
    from distill.teacher.store import queries

    found = arguments.run_of(run, home)
    with stores.reading(found.home) as db:
        return read_figures(found, queries.spender_totals(db, found.name), models_of(found))
