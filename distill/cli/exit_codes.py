"""How a command ends that does not end well: one message, in words or with `--json` as one object on stdout, and an exit code.

    {"error": {"code": 2, "message": "task.yaml: 2 faults", "faults": [{"where": "task.yaml:7", "message": "…"}, …]}}

The message is what `DistillError` says, less what is surely a key. What is no `DistillError` is the system's fault where it is
an `OSError`, and else an internal error.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import typer

from distill.errors import DistillError, Fault, SpecError
from distill.secrets.withheld import masked


def end_with(fault: BaseException) -> NoReturn:
    """End with what a fault says."""
    if isinstance(fault, SpecError):
        fail(str(fault), fault.exit_code, fault.faults)
    if isinstance(fault, DistillError):
        fail(str(fault), fault.exit_code)
    if isinstance(fault, typer.TyperException):
        _usage(fault)
    if isinstance(fault, FileNotFoundError) and not _folder():
        fail("the working folder is not there any more; change into one that is, and run again", 2)
    if isinstance(fault, OSError):
        _system(fault)
    fail(f"internal error: {type(fault).__name__}: {fault}; set DISTILL_DEBUG=1 to see where", 1)


_SHOWN = 300
"""Characters of a path that are shown."""
_PERMISSIONS = "look at the permissions of it and its folder"
_MOVES = {
    errno.EISDIR: "it is a folder, expected a file; move it away",
    errno.ENOTDIR: "a file stands where a folder is expected; move it away",
    errno.EEXIST: "something else stands where a folder is expected; move it away",
    errno.EACCES: f"it may not be read or written; {_PERMISSIONS}",
    errno.EPERM: f"it may not be changed; {_PERMISSIONS}",
    errno.EROFS: "it cannot be written, for its disk is read-only; work in a folder that can be written",
    errno.ENAMETOOLONG: "the name is too long for this disk; give a shorter one",
    errno.ELOOP: "links that lead in a circle; put the file itself there",
    errno.ENOENT: "it is not there; put it back",
}
"""What a file or folder of the user's is that the system refuses, and the next move."""


def _system(fault: OSError) -> NoReturn:
    """End with what the system says: of a file that is not as it should be it is the user's to fix, else the machine's."""
    where, why = str(fault.filename or "the system"), fault.strerror or fault
    where = where if len(where) <= _SHOWN else f"{where[:_SHOWN]}…"
    if fault.filename and fault.errno in _MOVES:
        fail(f"{where}: {_MOVES[fault.errno]}, and run again: nothing paid for is lost", 2)
    fail(f"{where}: {why}; nothing paid for is lost, fix it and run again", 1)


def _folder() -> bool:
    """Whether the working folder is there."""
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def interrupted(fault: BaseException) -> bool:
    """Whether an interrupt lies behind a fault: some libraries turn one that meets them at work into an error of theirs."""
    seen: BaseException | None = fault
    while seen is not None:
        if isinstance(seen, KeyboardInterrupt) or "KeyboardInterrupt" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def internal(fault: BaseException) -> bool:
    """Whether a fault is nobody's but ours."""
    return not isinstance(fault, DistillError | typer.TyperException | OSError)


def fail(message: str, code: int, faults: Sequence[Fault] = ()) -> NoReturn:
    """Say it where it is looked for, and end."""
    said = masked(message)
    try:
        if "--json" in sys.argv[1:]:
            _object(said, code, faults)
        else:
            from distill.cli.live.panel import fail as show

            show(said)
    except (OSError, ValueError, AttributeError):  # closed, or full: the exit code says it all the same
        deaf()
    sys.exit(code)


def stopped(message: str) -> NoReturn:
    """End for an interrupt, which may have torn any import in two: nothing more is imported."""
    with contextlib.suppress(OSError):  # nobody may be there to read it
        if "--json" in sys.argv[1:]:
            _object(message, 130)
        elif sys.stderr is not None:
            sys.stderr.write(f"error: {message}\n")
            sys.stderr.flush()
    sys.exit(130)


def _object(said: str, code: int, faults: Sequence[Fault] = ()) -> None:
    listed = [{"where": masked(one.where), "message": masked(one.message)} for one in faults]
    error = {"code": code, "message": said.split("\n", 1)[0] if listed else said, "faults": listed}
    print(json.dumps({"error": error}, indent=2), flush=True)


def printable() -> None:
    """Text that a terminal's encoding lacks is printed as its escape, and ends nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def deaf() -> None:
    """Nobody reads stdout any more: what comes goes nowhere, also what Python flushes at its end."""
    void = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(void, sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # it is no file, or closed
        sys.stdout = io.StringIO()
    finally:
        os.close(void)


def _usage(fault: typer.TyperException) -> NoReturn:
    """A command line that cannot be obeyed, in our form; without any argument the help is the answer."""
    context, code = getattr(fault, "ctx", None), getattr(fault, "exit_code", 2)
    if type(fault).__name__ == "NoArgsIsHelpError":
        fault.show()  # type: ignore[attr-defined]  # of the library that typer has taken in
        sys.exit(code)
    said = fault.format_message() if hasattr(fault, "format_message") else str(fault)
    path = getattr(context, "command_path", "distill")
    fail(f"{said.rstrip('.')}; `{path} --help` shows what it takes", code)
