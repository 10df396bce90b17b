"""`distill init`, `validate` and `plan`: what comes before a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from distill.cli.options import LIMIT, AsJson, Limit, Set, Spec, Usd, limited, opened, out
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.starter.init import Written


def init(
    folder: Annotated[Path | None, typer.Argument(help="a new folder, e.g. prompts/my-task")] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="rows of your own: a CSV, JSON Lines, JSON or Parquet file, or logged chats"),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--input", metavar="COLUMN", help="the column that is the input; repeatable, for several together"
        ),
    ] = None,
    answer: Annotated[str | None, typer.Option(help="the column with the known answer, or `none`")] = None,
    teacher: Annotated[str | None, typer.Option(help="model that teaches; default: the embedded one")] = None,
    base_url: Annotated[str | None, typer.Option(help="its endpoint, where it is not the provider's own")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a first task into a new folder.

    With --from it is a task of your own rows: their columns, strata and known answers are found out, and what only you can tell
    is asked. Without, it is a small example that runs as it is.
    """
    if source is None:
        from distill.starter import example

        if folder is None:
            raise UsageError("name a new folder, or a file of rows: distill init --from rows.csv")
        files, said = example.write(folder), example.missing()
    else:
        given = Given(tuple(columns or ()), answer, teacher, base_url)
        written = _from_rows(source, folder, given, ask=not as_json and sys.stdin.isatty())
        files, said = list(written.files), list(written.said)
    at = files[0].parent
    out(
        {"written": [str(path) for path in files], "notes": said},
        as_json,
        [*said, *(f"wrote {path}" for path in files), f"next: distill validate {at}"],
    )


class Given(NamedTuple):
    """What a person says of a new task's rows and models."""

    inputs: tuple[str, ...]
    answer: str | None
    teacher: str | None
    base_url: str | None


def _from_rows(source: Path, folder: Path | None, given: Given, *, ask: bool) -> Written:
    """The task of a file; where a column is unclear, a person at a terminal is asked for it."""
    from distill.starter.init import init as write
    from distill.starter.proposal import Unclear

    while True:
        try:
            return write(source, folder, **given._asdict())
        except Unclear as unclear:
            if not ask:
                raise
            choice = typer.prompt(f"{unclear.question} ({', '.join(unclear.choices)})").strip()
            given = given._replace(inputs=(choice,)) if unclear.option == "--input" else given._replace(answer=choice)


def validate(spec: Spec, sets: Set = None, as_json: AsJson = False) -> None:
    """Check the spec and every file it names.

    Lists all mistakes at once, sends nothing. Exit code 2: there is at least one.
    """
    from distill.curate.gates.judge.requests import judge_warnings
    from distill.evaluate.scoring import explain
    from distill.task import requirements

    task = opened(spec, sets, as_json=as_json)
    scoring = explain.before(task)
    warnings = [*requirements.warnings(task), *judge_warnings(task), *scoring.warnings]
    found = {
        "task": task.spec.task,
        "seeds": len(task.seeds),
        "ok": True,
        "warnings": warnings,
        "scored_by": scoring.lines,
        "notes": list(task.notes),
    }
    said = [
        f"{spec}: valid; {len(task.seeds)} seeds",
        *(f"scored: {one}" for one in scoring.lines),
        *(f"warning: {one}" for one in warnings),
    ]
    out(found, as_json, [*said, f"next: distill plan {spec}"])


def exam(
    spec: Spec,
    teacher: Annotated[
        list[str] | None, typer.Option(help="model to examine instead of the spec's; repeatable")
    ] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option(help="prompt file of the task folder to examine instead of the spec's; repeatable"),
    ] = None,
    sets: Set = None,
    as_json: AsJson = False,
    max_usd: Usd = None,
) -> None:
    """Test teachers on known answers.

    Asks rows with a known answer, no test rows, and shows what is right beside the commonest answer and a linear model. Give
    several teachers or prompts to compare them. Answers are kept: a later run does not pay for them again.
    """
    import dataclasses
    import itertools

    from distill.cli.live.panel import Panel
    from distill.cli.text.exam import exam_lines
    from distill.plan import exams
    from distill.task.requirements import need_price

    tasks = []
    for model, file in itertools.product(teacher or [""], prompt or [""]):
        named = {"teacher.model": model, "teacher.prompt": file}
        more = [f"{key}={json.dumps(value)}" for key, value in named.items() if value]
        options = {"teacher.model": "--teacher", "teacher.prompt": "--prompt"}
        tasks.append(opened(spec, [*(sets or []), *more], max_usd, as_json=as_json, options=options))
        need_price(tasks[-1])
    with Panel(quiet=as_json) as panel:
        found = exams.taken(tasks, panel)
    out({"exams": [dataclasses.asdict(one) for one in found]}, as_json, exam_lines(found))


def plan(
    spec: Spec,
    sets: Set = None,
    as_json: AsJson = False,
    pilot: Annotated[
        int, typer.Option(help="rows to send to each model to measure its cost; the answers are kept", min=3)
    ] = 8,
    no_pilot: Annotated[
        bool, typer.Option("--no-pilot", help="send nothing; use maximum costs where no measured ones exist")
    ] = False,
    limit: Limit = None,
) -> None:
    """Estimate requests, cost and time.

    Sends a small pilot first. Answers that the store already holds cost nothing.
    """
    from distill.cli.live.panel import Panel
    from distill.cli.text.plan import plan_lines
    from distill.plan import plan as planning
    from distill.task.requirements import need_price

    task = opened(spec, [*(sets or []), *limited(limit)], as_json=as_json, priced=not no_pilot, options=LIMIT)
    if not no_pilot:
        need_price(task)
    with Panel(quiet=as_json) as panel:
        result = planning.plan(task, pilot=0 if no_pilot else pilot, watch=panel)
    also = f" --limit {limit}" if limit is not None else ""
    lines = [*plan_lines(result), f"next: distill run {spec}{also}"]
    out(result.as_json() | {"notes": list(task.notes)}, as_json, lines)
