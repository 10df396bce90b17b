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
    from distill.cli.live.panel import Panel
    from distill.cli.text.calibration import calibration_json, calibration_lines
    from distill.curate.calibration.run import calibrate as run_calibration

    task = opened(spec, sets, max_usd, as_json=as_json)
    with Panel(quiet=as_json) as panel:
        result = run_calibration(task, gold, watch=panel)
    out(calibration_json(result), as_json, calibration_lines(result))
    raise typer.Exit(result.exit_code)
