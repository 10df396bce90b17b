"""The command line. Only here: printing, the environment, exit codes. Everything heavy is imported by the verb that needs it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from distill import __version__
from distill.cli.calibration import calibrate
from distill.cli.options import Json, Set, Spec, Usd, opened, out
from distill.errors import DistillError

HELP = """From a task spec to a small model that does the task, with proof of whether it was worth it.

The order of a run:

\b
  distill init DIR        write a first task: spec, prompts, schema
  distill validate SPEC   find every fault before anything is paid
  distill plan SPEC       what would be sent and what it may cost
  distill run SPEC        generate, curate, export, train, evaluate, report
  distill status SPEC     where a run stands, also while it runs
  distill explain RUN ROW one row's whole way, from seed to fate
  distill calibrate SPEC  what the gates decide, beside what people say
  distill refresh SPEC --teacher MODEL   the same task with a better teacher

\b
Answers are paid once: they are kept in .distill/answers.db, and a run that stopped goes on where it was.

Exit codes: 0 done, 1 our fault, 2 usage or spec, 3 rows still owed, 4 verdict not met,
5 budget, 6 key or quota, 130 interrupted.
"""

app = typer.Typer(
    name="distill",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Partial = Annotated[
    bool, typer.Option("--partial", help="go on without rows that could not be answered; exit 3 at the end")
]
New = Annotated[bool, typer.Option("--new", help="open the next numbered run instead of going on with the latest")]

Wait = Annotated[bool, typer.Option("--wait", help="stay until the batches at the host have ended, and go on")]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="print the version and leave")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="a new folder, e.g. prompts/my-task")], as_json: Json = False
) -> None:
    """Write a first task into a new folder: spec, prompts, schema and a few seeds, ready to run."""
    from distill.cli import starter

    written = starter.write(folder)
    out(
        {"written": [str(path) for path in written]},
        as_json,
        [f"wrote {path}" for path in written] + [f"next: distill validate {folder}"],
    )


@app.command()
def validate(spec: Spec, sets: Set = None, as_json: Json = False) -> None:
    """Find every fault of the spec and all it names; sends nothing. Exit 2 if there is one."""
    from distill.flow import judging

    project = opened(spec, sets)
    warnings = judging.warnings(project)
    found = {"task": project.spec.task, "seeds": len(project.seeds), "ok": True, "warnings": warnings}
    said = [f"{spec}: sound; {len(project.seeds)} seeds", *(f"warning: {one}" for one in warnings)]
    out(found, as_json, [*said, f"next: distill plan {spec}"])


@app.command()
def plan(
    spec: Spec,
    sets: Set = None,
    as_json: Json = False,
    pilot: Annotated[
        int, typer.Option(help="rows that each spender is asked for real; their answers are kept", min=3)
    ] = 8,
    no_pilot: Annotated[
        bool, typer.Option("--no-pilot", help="send nothing; ceilings stand in for what is not known")
    ] = False,
) -> None:
    """What would be sent, what the store already holds, what it may cost and how long it takes, after a small pilot."""
    from distill.cli.show import Panel
    from distill.flow import plan_lines, planning
    from distill.flow.project import need_price

    project = opened(spec, sets)
    if not no_pilot:
        need_price(project)
    with Panel(quiet=as_json) as panel:
        result = planning.plan(project, pilot=0 if no_pilot else pilot, watch=panel)
    out(result, as_json, plan_lines.lines(result) + [f"next: distill run {spec}"])


def _verb(name: str, doc: str, upto: tuple[str, ...]) -> None:
    def verb(
        spec: Spec,
        sets: Set = None,
        as_json: Json = False,
        max_usd: Usd = None,
        partial: Partial = False,
        new: New = False,
        wait: Wait = False,
    ) -> None:
        _run(spec, sets, as_json, max_usd, partial=partial, new=new, wait=wait, stages=upto)

    verb.__doc__ = doc
    app.command(name)(verb)


_verb(
    "run",
    "All stages in order; those whose inputs did not change are skipped.",
    ("generate", "curate", "export", "train", "evaluate", "report"),
)
_verb("generate", "Ask the teacher for what the store lacks.", ("generate",))


@app.command()
def curate(
    spec: Spec,
    sets: Set = None,
    as_json: Json = False,
    new: New = False,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if", metavar="CHANGE",
            help="show what a change would do and write nothing: length.max_tokens=50, repetition=on, dedup.near=0.9; repeatable",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Answers into a dataset; sends nothing, so thresholds can be tried at no cost."""
    if not what_if:
        _run(spec, sets, as_json, None, partial=False, new=new, stages=("curate",))
        return
    from distill.flow import whatif

    result = whatif.compare(spec, what_if, overrides=sets or [], env=os.environ)
    out(result, as_json, whatif.lines(result))


_verb("export", "Write train.jsonl, valid.jsonl, test.jsonl and dataset.parquet.", ("export",))
_verb("train", "Tune the student, by LoRA here or on a host.", ("train",))
_verb("evaluate", "Compare teacher, prompted base, bare base and student on the test rows.", ("evaluate",))
_verb("report", "Write report.html and REPORT.md.", ("report",))


app.command()(calibrate)


@app.command()
def refresh(
    spec: Spec,
    teacher: Annotated[str | None, typer.Option(help="the new teacher's model name")] = None,
    sets: Set = None,
    as_json: Json = False,
    max_usd: Usd = None,
    partial: Partial = False,
    wait: Wait = False,
) -> None:
    """Open the next run with the same rows, splits and test rows, send only what the store lacks, and compare both students."""
    more = [*(sets or []), *([f"teacher.model={json.dumps(teacher)}"] if teacher else [])]
    _run(
        spec,
        more,
        as_json,
        max_usd,
        partial=partial,
        wait=wait,
        fresh=True,
        stages=("generate", "curate", "export", "train", "evaluate", "report"),
    )


@app.command()
def status(spec: Spec, sets: Set = None, as_json: Json = False) -> None:
    """Where the latest run stands: stages, rows, spend; reads only, also while the run works."""
    from distill.flow import reading

    result = reading.status(spec, sets or [])
    out(result, as_json, reading.status_lines(result))


@app.command()
def explain(
    run: Annotated[str, typer.Argument(help="a run: task/001, its folder, or the task for its latest")],
    row: Annotated[str, typer.Argument(help="a seed id (or its beginning), or LINE or FILE:LINE of the seeds")],
    as_json: Json = False,
    home: Annotated[Path, typer.Option(help="the project's folder")] = Path(),
) -> None:
    """One row's whole way: seed, request, answer, scores, fate, and every send it took."""
    from distill.flow import explaining

    result = explaining.explain(home, run, row)
    out(result, as_json, explaining.explain_lines(result))


@app.command()
def show(
    run: Annotated[str, typer.Argument(help="a run: task/001, its folder, or the task for its latest")],
    what: Annotated[
        str, typer.Argument(help="dropped, kept, or flagged: approved rows that a gate would drop")
    ] = "dropped",
    reason: Annotated[str | None, typer.Option(help="only rows dropped or flagged for this reason")] = None,
    stratum: Annotated[str | None, typer.Option(help="only rows of this stratum")] = None,
    limit: Annotated[int, typer.Option(help="rows shown", min=1)] = 10,
    as_json: Json = False,
    home: Annotated[Path, typer.Option(help="the project's folder")] = Path(),
) -> None:
    """Rows that were dropped, with their reason, or kept: what was asked and what came back."""
    from distill.errors import UsageError
    from distill.flow import explaining

    if what not in ("dropped", "kept", "flagged"):
        raise UsageError(f"show {what!r}: expected dropped, kept or flagged")
    result = explaining.show(home, run, what=what, reason=reason, stratum=stratum, limit=limit)
    out(result, as_json, explaining.show_lines(result))


@app.command("explain-miss")
def explain_miss(
    one: Annotated[str, typer.Argument(help="a request id (or its beginning), or RUN:ROW", metavar="A")],
    two: Annotated[str, typer.Argument(help="the other one", metavar="B")],
    as_json: Json = False,
    home: Annotated[Path, typer.Option(help="the project's folder")] = Path(),
) -> None:
    """Why one answer did not serve the other request: every part of the two requests' keys that differs."""
    from distill.flow import missing

    result = missing.differences(home, one, two)
    out(result, as_json, missing.lines(result))


@app.command("fault-server")
def fault_server(
    port: Annotated[int, typer.Option(help="0 takes a free one")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="NAME=SHARE of the attempts, e.g. 500=0.05; repeatable", metavar="NAME=SHARE"),
    ] = None,
    latency: Annotated[float, typer.Option(help="seconds before each answer", min=0)] = 0.0,
    rpm: Annotated[int | None, typer.Option(help="requests a minute, held with honest 429s", min=1)] = None,
    tpm: Annotated[int | None, typer.Option(help="tokens a minute", min=1)] = None,
    retry_after: Annotated[float, typer.Option(help="seconds that a 429 asks for", min=0)] = 1.0,
    seed: Annotated[int, typer.Option(help="another seed, other attempts that fail")] = 0,
    hurry: Annotated[
        float, typer.Option(help="seconds of the batches' clock in a real one; 0: it stands until POST /clock", min=0)
    ] = 1.0,
    batch_hours: Annotated[float, typer.Option(help="hours that the rows of a batch take", min=0)] = 1.0,
    batch_window: Annotated[float, typer.Option(help="hours until a batch expires", min=0.1)] = 24.0,
    enqueued_tokens: Annotated[
        int | None, typer.Option(help="the most prompt tokens in the open batches of a model", min=1)
    ] = None,
    batch_fault: Annotated[
        list[str] | None,
        typer.Option(
            help="e.g. error-rows=0.1, create-lost@1, expired@30%=0.5; repeatable", metavar="NAME[@N][=SHARE]"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Rehearse a night: an endpoint on 127.0.0.1 that fails as real ones do, and bills; Ctrl-C prints its ledger."""
    from distill.cli import rehearsal

    shares = dict(rehearsal.share(given) for given in fault or [])
    batch = rehearsal.batches(
        batch_fault or [], hurry=hurry, hours=batch_hours, window_hours=batch_window, enqueued_tokens=enqueued_tokens
    )
    script = rehearsal.script(
        shares, latency_s=latency, rpm=rpm, tpm=tpm, retry_after_s=retry_after, seed=seed, batch=batch
    )
    ledger = rehearsal.serve(script, port, lambda url: out({"base_url": url}, as_json, rehearsal.hello(url)))
    out(ledger, as_json, [json.dumps(ledger)])


@app.command()
def gates(as_json: Json = False) -> None:
    """Every gate that a spec can name: what it drops, its settings and their defaults, what it needs and costs."""
    from distill.cli import gate_list

    rows = gate_list.rows()
    out({"gates": rows}, as_json, gate_list.lines(rows))


@app.command()
def schema() -> None:
    """The JSON Schema of task.yaml, for editors."""
    from distill import spec

    print(json.dumps(spec.schema(), indent=2))


def _run(
    spec: Path, sets: list[str] | None, as_json: bool, max_usd: float | None, *, partial: bool, stages: tuple[str, ...],
    new: bool = False, fresh: bool = False, wait: bool = False,
) -> None:  # fmt: skip
    from distill.cli.show import Panel
    from distill.flow import running

    project = opened(spec, sets, max_usd)
    with Panel(quiet=as_json) as panel:
        result = running.start(project, stages=stages, watch=panel, partial=partial, new=new, refresh=fresh, wait=wait)
    out(result, as_json, running.lines(result))
    raise typer.Exit(result["exit"])


def main() -> None:
    """Entry point: a user's mistake is one line and an exit code, never a traceback."""
    try:
        app()
    except DistillError as fault:
        _fail(str(fault), fault.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted; everything answered is kept, run again to go on", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as fault:
        _fail(
            f"{fault.filename or 'the system'}: {fault.strerror or fault}; nothing paid for is lost, mend it and run again",
            1,
        )
    except Exception as fault:  # the last net: our own fault, said in one line
        if os.environ.get("DISTILL_DEBUG"):
            raise
        _fail(f"a fault of distill itself: {type(fault).__name__}: {fault}; set DISTILL_DEBUG=1 to see where", 1)


def _fail(message: str, code: int) -> None:
    from distill.cli.show import fail

    fail(message)
    sys.exit(code)
