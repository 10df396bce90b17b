"""The command line. Only here: printing, the environment, exit codes. Everything heavy is imported by the verb that needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from distill import __version__, heap
from distill.cli import calibration, fault_server, looking, preparing, reference, running
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


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="print the version and leave")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


VERBS: dict[str, Callable[..., None]] = {
    "init": preparing.init,
    "validate": preparing.validate,
    "plan": preparing.plan,
    "run": running.run,
    "generate": running.generate,
    "curate": running.curate,
    "export": running.export,
    "train": running.train,
    "evaluate": running.evaluate,
    "report": running.report,
    "calibrate": calibration.calibrate,
    "refresh": running.refresh,
    "status": looking.status,
    "explain": looking.explain,
    "show": looking.show,
    "explain-miss": looking.explain_miss,
    "fault-server": fault_server.fault_server,
    "gates": reference.gates,
    "schema": reference.schema,
}
"""In the order of the help."""
for _name, _verb in VERBS.items():
    app.command(_name)(_verb)


def main() -> None:
    """Entry point: a user's mistake is one line and an exit code, never a traceback."""
    heap.thrifty()
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
