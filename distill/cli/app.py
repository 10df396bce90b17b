"""The command line. Only here: printing, the environment, exit codes. Everything heavy is imported by the verb that needs it."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from distill import __version__, extras, memory
from distill.cli import exit_codes
from distill.cli.verbs import calibrate, clean, export, fault_server, look, preflight, prepare, reference, run
from distill.cli.verbs.serve import adopt, chat, diff, host, monitor, proxy, refresh, registry, routes, ship
from distill.cli.verbs.worth import ablate, advise, checklist, curve, roi, scale
from distill.errors import INTERRUPTED

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

HELP = """Turn a task spec into a small model, and measure whether it was worth it.

Usual order: init, validate, exam, plan, run. `run` stops when rows are pending; run it again to go on.
Answers are paid for once: they are kept in .distill/answers.db.

Exit codes: 0 done, 1 internal error, 2 usage or spec, 3 rows pending (run again), 4 verdict not met,
5 budget, 6 key or quota, 130 interrupted.
"""

COMPLETE = "_DISTILL_COMPLETE"
"""The variable by which a shell asks."""

VERBS: dict[str, dict[str, Callable[..., None]]] = {
    "Prepare a task": {
        "init": prepare.init,
        "adopt": adopt.adopt,
        "validate": prepare.validate,
        "exam": prepare.exam,
        "plan": prepare.plan,
    },
    "Run it, whole or by stage": {
        "run": run.run,
        "generate": run.generate,
        "curate": run.curate,
        "export": export.export,
        "train": run.train,
        "evaluate": run.evaluate,
        "report": run.report,
    },
    "Look at a run": {
        "list": look.list_runs,
        "status": look.status,
        "explain": look.explain,
        "show": look.show,
        "explain-miss": look.explain_miss,
        "diff": diff.diff,
        "preflight": preflight.preflight,
        "chat": chat.chat,
    },
    "Is it worth it?": {
        "advise": advise.advise,
        "scale": scale.scale,
        "roi": roi.roi,
        "checklist": checklist.checklist,
    },
    "Improve it, or remove it": {
        "curve": curve.curve,
        "ablate": ablate.ablate,
        "calibrate": calibrate.calibrate,
        "refresh": refresh.refresh,
        "clean": clean.clean,
    },
    "Hand it on": {
        "ship": ship.ship,
        "push": export.push,
    },
    "Serve it, and go back": {
        "routes": routes.routes,
        "promote": registry.promote,
        "rollback": registry.rollback,
        "history": registry.history,
        "verify": registry.verify,
        "monitor": monitor.monitor,
        "host": host.host,
        "proxy": proxy.proxy,
    },
    "Reference and rehearsal": {
        "gates": reference.gates,
        "presets": reference.presets,
        "schema": reference.schema,
        "fault-server": fault_server.fault_server,
    },
}
"""By the headings of `distill --help`, in its order."""


class _Grouped(TyperGroup):
    """The commands of `--help` under their headings."""

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002  # the signature of typer
        width = max(map(len, self.commands))
        for heading, verbs in VERBS.items():
            with formatter.section(heading):
                shown = [(verb.ljust(width), self.commands[verb].get_short_help_str(60)) for verb in verbs]
                formatter.write_dl(shown)


def _root(
    version: Annotated[bool, typer.Option("--version", "-V", help="print the version and exit")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def _app_of(verbs: Mapping[str, Callable[..., None]]) -> typer.Typer:
    made = typer.Typer(
        name="distill",
        cls=_Grouped,
        help=HELP,
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    made.callback(invoke_without_command=True)(_root)
    for name, verb in verbs.items():
        made.command(name)(verb)
    return made


_ALL = {name: verb for verbs in VERBS.values() for name, verb in verbs.items()}
app = _app_of(_ALL)


@functools.cache
def _command(verb: str | None) -> Command:
    """The command line with one verb, or all: typer needs a twentieth of a second to read every verb's options."""
    return typer.main.get_command(app if verb is None else _app_of({verb: _ALL[verb]}))


def _asked(given: list[str]) -> list[str]:
    """The arguments; `distill help run` is `distill run --help`."""
    return [*given[1:2], "--help"] if given[:1] == ["help"] else given


def main() -> None:
    """Entry point: a user's mistake is one line and an exit code, never a traceback."""
    memory.thrifty()
    exit_codes.printable()
    try:
        extras.check_alone(sys.path)
        if COMPLETE in os.environ:  # a shell asks what may follow
            _command(None).main(prog_name="distill")
        words = _asked(sys.argv[1:])
        command = _command(words[0] if words and words[0] in _ALL else None)
        with command.make_context("distill", words) as context:
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
        exit_codes.end_with(fault)
