"""`distill refresh`: what a new teacher, or another change, would do to a dataset and a student; and the run that does it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from distill.cli.options import AsJson, Set, Spec, Usd, opened, out
from distill.cli.verbs.run import ALL, Anyway, Partial, WaitForJobs, run_stages
from distill.cli.verbs.serve.starts import FROM, HowToRun, both_starts

if TYPE_CHECKING:
    from distill.plan.refresh.result import RefreshPlan

NewTeacher = Annotated[str | None, typer.Option(help="model name of the new teacher")]
From = Annotated[
    Literal["fresh", "last", "both"] | None,
    typer.Option(
        "--from", help="where a new adapter begins: fresh, with the weights of the last one, or both ways, compared"
    ),
]
Grow = Annotated[
    int | None,
    typer.Option(help="add so many rows where the student of the last run missed most", min=1, metavar="ROWS"),
]
Apply = Annotated[bool, typer.Option("--apply", help="do what the plan says: ask those rows, train and compare")]


def refresh(
    spec: Spec,
    teacher: NewTeacher = None,
    from_: From = None,
    grow: Grow = None,
    apply: Apply = False,
    sets: Set = None,
    as_json: AsJson = False,
    max_usd: Usd = None,
    partial: Partial = False,
    wait: WaitForJobs = False,
    anyway: Anyway = False,
) -> None:
    """Probe a new teacher, then refresh the run.

    Asks a sample of each stratum, prints what would change and what it costs, and ends there. With --apply, or where --max-usd
    covers the plan, the next run asks only the rows that are worth it and compares both students.
    """
    start = "last" if from_ == "both" else from_
    sets = [*(sets or []), *([f"{FROM}{start}"] if start is not None else [])]
    sets += [f"seeds.grow.rows={grow}"] if grow is not None else []
    more = [*sets, *([f"teacher.model={json.dumps(teacher)}"] if teacher is not None else [])]
    options = {"teacher.model": "--teacher"} if teacher is not None else {}
    plan = _probed(spec, more, as_json, max_usd, options)
    goes_on = not plan.unchanged and not plan.idle and (apply or _covered(plan, max_usd))
    if not goes_on or not as_json:
        _print(plan, as_json, "" if goes_on else _again(spec, teacher, sets, both=from_ == "both"))
    if not goes_on:
        return
    if from_ == "both":
        how = HowToRun(spec, as_json, max_usd, partial, wait, anyway, options)
        both_starts(how, more, plan.relabel or True, lambda sets: _probed(spec, sets, True, max_usd, options))
    run_stages(
        spec, more, as_json, max_usd, partial=partial, wait=wait, anyway=anyway, fresh=plan.relabel or True, stages=ALL, options=options
    )  # fmt: skip


def _probed(spec: Path, sets: list[str], as_json: bool, max_usd: float | None, options: dict[str, str]) -> RefreshPlan:
    from distill.cli.live.panel import Panel
    from distill.plan.refresh.probe import plan_refresh

    task = opened(spec, sets, max_usd, as_json=as_json, options=options)
    with Panel(quiet=as_json) as panel:
        return plan_refresh(task, panel)


def _covered(plan: RefreshPlan, max_usd: float | None) -> bool:
    """Whether the dollars that are left of `--max-usd` are enough for the whole plan."""
    most = plan.cost.usd_at_most
    return max_usd is not None and most is not None and most + (plan.probe_usd or 0.0) <= max_usd


def _print(plan: RefreshPlan, as_json: bool, again: str) -> None:
    from distill.cli.text.serve.refresh import refresh_lines

    out(plan.as_json() | {"applied": False}, as_json, refresh_lines(plan, again))


def _again(spec: Path, teacher: str | None, sets: list[str], *, both: bool) -> str:
    """The command that does what the plan says."""
    sets = [one for one in sets if not (both and one.startswith(FROM))]
    named = ["--teacher", teacher] if teacher is not None else []
    ways = ["--from", "both"] if both else []
    return shlex.join(
        ["distill", "refresh", str(spec), *named, *ways, *(word for one in sets for word in ("--set", one)), "--apply"]
    )
