"""`distill monitor`: logged calls of a shipped student, held against the run that made it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.options import AsJson, Set, Spec, Usd, opened, out
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.lifecycle.monitor.look import HarvestTo

Logs = Annotated[
    list[Path] | None,
    typer.Argument(
        help="logs of its calls: files, folders or patterns; what was read before is left out", metavar="LOGS..."
    ),
]
Feedback = Annotated[
    list[Path] | None,
    typer.Option(
        "--feedback",
        metavar="FILE",
        help="what people said of calls, by their ids: right, wrong, or the corrected answer; also of earlier calls; repeatable",
    ),
]
HeldAgainst = Annotated[
    str | None,
    typer.Option("--run", help="the run to hold them against; default: that of the promoted student, else the newest"),
]
SampleRows = Annotated[
    int | None,
    typer.Option("--sample", help="calls that the teacher answers too; overrides monitor.teacher.rows", min=0),
]
Harvest = Annotated[
    Path | None,
    typer.Option(
        "--harvest", help="a file of seeds: what the student handles badly, masked, new, never near a test row"
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label", metavar="NAME=VALUE", help="with --harvest: a label that the log does not tell; repeatable"
    ),
]


def monitor(
    spec: Spec,
    logs: Logs = None,
    feedback: Feedback = None,
    run: HeldAgainst = None,
    sample: SampleRows = None,
    harvest: Harvest = None,
    label: Labels = None,
    sets: Set = None,
    max_usd: Usd = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Watch a shipped student by its logs.

    Schema failures, refusals, lengths, languages, new kinds of input and more are held against the run's own figures, with a
    bound on false alarms over all looks together. Asks nothing unless --sample is given. --feedback joins what people said later
    to the calls and gives their accuracy. Exit code 4: something is raised.
    """
    from distill.cli.live.panel import Panel
    from distill.cli.text.serve.monitor import monitor_lines
    from distill.lifecycle.monitor.look import as_json as plain
    from distill.lifecycle.monitor.look import look
    from distill.task.requirements import need_price

    sets = [*(sets or []), *([f"monitor.teacher.rows={sample}"] if sample is not None else [])]
    options = {"monitor.teacher.rows": "--sample"} if sample is not None else {}
    task = opened(spec, sets, max_usd, as_json=as_json, priced=False, options=options)
    if task.spec.monitor.teacher.rows:
        need_price(task)
    with Panel(quiet=as_json) as panel:
        looked = look(
            task, logs or [], panel, run=run, feedback=feedback or [], harvest_to=_harvest_to(harvest, label or [])
        )
    out(dict(plain(looked.result)), as_json, monitor_lines(looked.result))
    if looked.result.alarms:
        raise typer.Exit(4)
    if looked.fault is not None and as_json:  # it stands among the notes of the one object
        raise typer.Exit(looked.fault.exit_code)
    if looked.fault is not None:
        raise looked.fault


def _harvest_to(path: Path | None, labels: list[str]) -> HarvestTo | None:
    from distill.lifecycle.monitor.look import HarvestTo

    wrong = [one for one in labels if not one.partition("=")[0] or not one.partition("=")[2]]
    if wrong:
        raise UsageError(f"--label {wrong[0][:60]!r}: expected NAME=VALUE, say --label kind=unknown")
    if path is None:
        return None
    return HarvestTo(path, dict(one.split("=", 1) for one in labels))
