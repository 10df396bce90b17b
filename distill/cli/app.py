"""The command line. Only here: printing, the environment, exit codes. Everything heavy is imported by the verb that needs it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from distill import __version__, memory
from distill.cli import exit_codes
from distill.cli.verbs import calibrate, fault_server, look, prepare, reference, run
from distill.errors import INTERRUPTED

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

Exit codes: 0 done, 1 internal error, 2 usage or spec, 3 rows still owed, 4 verdict not met,
5 budget, 6 key or quota, 130 interrupted.
"""

app = typer.Typer(
    name="distill",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", "-V", help="print the version and leave")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


VERBS: dict[str, Callable[..., None]] = {
    "init": prepare.init,
    "validate": prepare.validate,
    "plan": prepare.plan,
    "run": run.run,
    "generate": run.generate,
    "curate": run.curate,
    "export": run.export,
    "train": run.train,
    "evaluate": run.evaluate,
    "report": run.report,
    "calibrate": calibrate.calibrate,
    "refresh": run.refresh,
    "status": look.status,
    "explain": look.explain,
    "show": look.show,
    "explain-miss": look.explain_miss,
    "fault-server": fault_server.fault_server,
    "gates": reference.gates,
    "schema": reference.schema,
}
"""In the order of the help."""
for _name, _verb in VERBS.items():
    app.command(_name)(_verb)


def _asked(given: list[str]) -> list[str]:
    """The arguments; `distill help run` is `distill run --help`."""
    return [*given[1:2], "--help"] if given[:1] == ["help"] else given


def main() -> None:
    """Entry point: a user's mistake is one line and an exit code, never a traceback."""
    memory.thrifty()
    exit_codes.printable()
    try:
        command = typer.main.get_command(app)
        with command.make_context("distill", _asked(sys.argv[1:])) as context:
            command.invoke(context)
    except typer.Exit as end:
        sys.exit(end.exit_code)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second one must not tear the sentence
        exit_codes.stopped(INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has seen enough of it
        exit_codes.deaf()
        sys.exit(0)
    except BaseException as fault:  # the last net; a panic of a library in Rust is no Exception
        if exit_codes.interrupted(fault):
            exit_codes.stopped(INTERRUPTED)
        if isinstance(fault, SystemExit) or (os.environ.get("DISTILL_DEBUG") and exit_codes.internal(fault)):
            raise
        exit_codes.of(fault)
