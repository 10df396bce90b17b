"""`distill proxy`: calls passed on to a teacher and recorded; a promoted student beside it or before it."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from distill.cli.options import AsJson, Set, Spec, out
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.proxy.settings import Mode, ProxySettings

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class _Place(NamedTuple):
    """A task by its name; `spec` is None where nothing but a name is known of it yet."""

    task: str
    home: Path
    spec: Path | None


To = Annotated[
    str, typer.Option("--to", help="the API to which calls go, e.g. https://api.openai.com/v1", metavar="URL")
]
Shadow = Annotated[
    bool, typer.Option("--shadow", help="the promoted student answers too; callers get the teacher's answer")
]
Live = Annotated[
    bool, typer.Option("--live", help="the promoted student answers where it is sure enough, else the teacher")
]
Routes = Annotated[
    Path | None,
    typer.Option(
        "--routes", help="a folder of `distill routes --out`; default: made for the promoted student", metavar="DIR"
    ),
]
StudentUrl = Annotated[
    str | None, typer.Option(help="the server that has the student, where it is a language model", metavar="URL")
]
StudentKeyEnv = Annotated[str, typer.Option(help="the variable that holds the key of that server", metavar="NAME")]
StudentTimeout = Annotated[float, typer.Option(help="seconds after which the teacher answers instead", min=0.01)]
LookEvery = Annotated[
    float, typer.Option(help="seconds between two looks of the monitor at the student's answers", min=1)
]
Again = Annotated[bool, typer.Option("--again", help="let a student answer that an alarm has switched off")]
ListenAt = Annotated[
    str, typer.Option(help="the address to listen at; with --live any but this machine's own needs --key-env")
]
CallerKeyEnv = Annotated[
    str | None,
    typer.Option(
        "--key-env",
        help="--live: the variable with the callers' keys that the student answers; others are the teacher's",
        metavar="VAR",
    ),
]
Port = Annotated[int, typer.Option(help="0 picks a free port", min=0, max=65535)]
Logs = Annotated[
    Path | None, typer.Option(help="the folder of the rows; default: logs/TASK in the project", metavar="DIR")
]


def proxy(
    spec: Spec,
    to: To,
    shadow: Shadow = False,
    live: Live = False,
    routes: Routes = None,
    student_url: StudentUrl = None,
    student_key_env: StudentKeyEnv = "",
    student_timeout: StudentTimeout = 10.0,
    look_every: LookEvery = 300.0,
    again: Again = False,
    address: ListenAt = "127.0.0.1",
    key_env: CallerKeyEnv = None,
    port: Port = 8010,
    logs: Logs = None,
    sets: Set = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Record a teacher's calls, try a student.

    Passes OpenAI-style calls on unchanged, streaming too, and writes chat completions as rows that seeds.from and `distill monitor`
    read: personal data masked, keys never. SPEC may be a name that no spec has yet. Ends with Ctrl-C. GET /proxy/status says how it is.
    """
    _check_installed()
    from distill.proxy.settings import ProxySettings, StudentSettings
    from distill.proxy.upstream import base_url

    mode = _mode(shadow=shadow, live=live)
    keys = _caller_keys(mode, key_env, address)
    if mode == "record":
        _check_unused({"--routes": routes, "--student-url": student_url, "--student-key-env": student_key_env, "--again": again})  # fmt: skip
    place, student = _place(spec, mode), None
    if mode != "record" and place.spec is not None:
        student = StudentSettings(
            spec=place.spec, overrides=sets or (), env=dict(os.environ), routes=routes, url=_student_url(student_url), key_env=student_key_env,
            timeout_s=student_timeout, look_every_s=look_every, again=again,
        )  # fmt: skip
    into = logs or place.home / "logs" / place.task
    settings = ProxySettings(place.task, place.home, base_url(to), into, mode, student, address, port, keys)
    _serve(settings, as_json, known=place.spec is not None)


def _check_installed() -> None:
    from distill import extras

    if gone := extras.missing("host"):
        raise UsageError(f"distill proxy needs {', '.join(gone)}; {extras.hint('host')}")


def _check_unused(of_a_student: Mapping[str, object]) -> None:
    if named := [name for name, value in of_a_student.items() if value]:
        raise UsageError(f"{', '.join(named)}: of no use without a student; --shadow or --live asks the promoted one")


def _mode(*, shadow: bool, live: bool) -> Mode:
    if shadow and live:
        raise UsageError(
            "--shadow and --live: a student either answers beside the teacher or before it; take one of them"
        )
    return "shadow" if shadow else "live" if live else "record"


def _caller_keys(mode: Mode, variable: str | None, address: str) -> tuple[str, ...]:
    """Whose calls a live student answers; UsageError where it would answer whoever reaches another address than this machine's."""
    from distill.host.access.keys import check_start
    from distill.host.defaults import keys_of

    if mode != "live":
        if variable is not None:
            raise UsageError(
                f"--key-env {variable}: it says whom a student answers that is --live; the upstream checks keys itself"
            )
        return ()
    keys = keys_of(variable, os.environ)
    check_start(address, keys, variable, who="callers of a live student")
    return keys


def _place(spec: Path, mode: Mode) -> _Place:
    """The task that was named: where calls are only recorded, also by a name that no spec has yet."""
    from distill.pipeline import arguments
    from distill.spec import task_of

    try:
        found = arguments.place_of(spec)
    except UsageError:
        if mode != "record" or not _NAME.fullmatch(str(spec)):
            raise
        return _Place(str(spec), arguments.project_at(Path.cwd()), None)
    return _Place(task_of(found.spec), found.home, found.spec)


def _student_url(given: str | None) -> str | None:
    from distill.url import wrong

    if given is not None and (fault := wrong(given)):
        raise UsageError(f"--student-url {fault}")
    return given


def _serve(settings: ProxySettings, as_json: bool, *, known: bool) -> None:
    """Until Ctrl-C; `known` is whether the task has a spec."""
    from distill.cli.text.serve.proxy import ended_lines, ready_lines
    from distill.proxy.serve import serve

    found = serve(
        settings,
        say=_say,
        ready=lambda url: out(_ready(settings, url), as_json, ready_lines(settings, url, known=known)),
    )
    out(found, as_json, ended_lines(found))


def _ready(settings: ProxySettings, url: str) -> dict[str, object]:
    return {
        "base_url": url,
        "upstream": settings.upstream,
        "mode": settings.mode,
        "logs": str(settings.logs),
        "process": os.getpid(),
    }


def _say(text: str) -> None:
    """Tell the terminal; where nobody reads it any more, the calls go on."""
    from distill.cli.plain import plain

    with contextlib.suppress(OSError, ValueError):
        print(plain(text), file=sys.stderr, flush=True)
