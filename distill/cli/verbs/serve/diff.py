"""`distill diff`: two runs side by side."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from distill.cli import completion
from distill.cli.options import AsJson, HomeFolder, out


def diff(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            help="two runs, e.g. 001 002 or task/001 task/002; one run: it and the one before; a task, or nothing: the last two",
            metavar="[RUN] [RUN]", autocompletion=completion.runs,
        ),
    ] = None,
    examples: Annotated[int, typer.Option(help="rows of each kind to show", min=0)] = 3,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:  # fmt: skip
    """Show what differs between two runs.

    Rows added, gone and relabelled with examples, strata, drops by gate, settings, scores by paired test rows, spend.
    """
    from distill.cli.text.serve.diff import diff_lines
    from distill.lifecycle.run_pair import pair_of
    from distill.report.diff.run_diff import diff as differences

    found = differences(*pair_of(runs or [], home), examples=examples)
    out(dataclasses.asdict(found), as_json, diff_lines(found))
