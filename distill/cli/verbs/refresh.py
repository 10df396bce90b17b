"""`distill refresh`: the next run of a task, with a new teacher."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from distill.cli.options import AsJson, Set, Spec, Usd
from distill.cli.verbs.run import ALL, Anyway, Partial, WaitForJobs, run_stages


def refresh(
    spec: Spec,
    teacher: Annotated[str | None, typer.Option(help="model name of the new teacher")] = None,
    sets: Set = None,
    as_json: AsJson = False,
    max_usd: Usd = None,
    partial: Partial = False,
    wait: WaitForJobs = False,
    anyway: Anyway = False,
) -> None:
    """Run the task again with a new teacher.

    Starts the next run with the same rows and splits, sends only missing requests, and compares both students.
    """
    more = [*(sets or []), *([f"teacher.model={json.dumps(teacher)}"] if teacher is not None else [])]
    options = {"teacher.model": "--teacher"} if teacher is not None else {}
    run_stages(
        spec, more, as_json, max_usd, partial=partial, wait=wait, anyway=anyway, fresh=True, stages=ALL, options=options
    )
