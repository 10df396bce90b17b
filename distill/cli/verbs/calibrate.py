"""`distill calibrate`: a verb in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from distill.cli.options import AsJson, Set, Spec, Usd, opened, out


def calibrate(
    spec: Spec,
    gold: Annotated[
        Path | None, typer.Option(help="answers labelled by people: jsonl, csv or parquet; default: judge.gold")
    ] = None,
    sets: Set = None,
    as_json: AsJson = False,
    max_usd: Usd = None,
) -> None:
    """Compare gates and judges with human labels.

    Calls judges only, live and within the budget. Exit code 3: verdicts are missing, run it again.
    """
    from distill.cli.panel import Panel
    from distill.cli.text import calibration
    from distill.curate.calibration import run

    task = opened(spec, sets, max_usd, as_json=as_json)
    with Panel(quiet=as_json) as panel:
        result = run.calibrate(task, gold, watch=panel)
    out(result, as_json, calibration.lines(result))
    raise typer.Exit(result["exit"])
