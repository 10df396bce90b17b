"""The child's side: lock the process, import the user's file, answer for each row. It reads and writes lines of JSON.

    in    {"path", "source", "function", "parent", "seconds", "megabytes", "kernel"}   then   [number, row]  …
    out   {"ready": [layer, …]}  or  {"fault": [line, message]}                        then   [number, score, message, cause]  …

The user's file runs only behind the locks, its import too. What it prints goes nowhere: the two lines to us have
numbers of their own, and 0, 1 and 2 are /dev/null. A row that was too big for the memory is the last that it answers.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import signal
import sys
import types
from collections.abc import Callable
from typing import BinaryIO

from distill.records import Json
from distill.sandbox import hook, kernel, limits
from distill.text.normalise import strict_json

_CLIP = 300
_MANY = 16384
_FIRST_FREE = 100
"""Number from which our own two files are: whoever writes to a low one by mistake does not meet them."""
EXPECTED = 'expected True, False, a number from 0 to 1, None, (score, message) or {"value": …, "reason": …}'
NO_MEMORY = "used more memory than allowed"
RowResult = tuple[float | None, str, str]
"""Score, message, cause: as in `CheckResult`."""


def main() -> None:
    """Serve until the end of the input, then leave at once, whatever threads the user's code has left."""
    rows, out = _apart()
    given = json.loads(rows.readline())
    limits.die_with(given["parent"])
    limits.take(given["megabytes"])
    held = kernel.lock() if given["kernel"] else []
    if "seccomp" not in held:
        limits.no_processes()
    hook.install(alone="seccomp" not in held)
    try:
        check = _imported(given)
    except BaseException as fault:  # noqa: BLE001 - SystemExit too: whatever ends the import is a fault of the file
        _say(out, {"fault": [_line(fault, given["path"]), _sentence(fault)]})
        os._exit(0)
    _say(out, {"ready": [*held, "hook"]})
    processor_s = 60 + 10 * given["seconds"]  # the parent's clock is the limit; this one is for when there is no parent
    while line := rows.readline():
        signal.setitimer(signal.ITIMER_PROF, processor_s)
        number, answer = _answer(check, line, given["path"])
        _say(out, [number, *answer])
        if answer[2] == NO_MEMORY:
            break
    os._exit(0)


def _apart() -> tuple[BinaryIO, int]:
    """Our two lines under numbers of their own; the standard ones lead nowhere."""
    rows = os.fdopen(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE), "rb", buffering=2**16)
    out = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    return rows, out


def _imported(given: dict[str, Json]) -> Callable[[dict[str, Json]], object]:
    module = types.ModuleType("verify")
    module.__file__ = given["path"]
    sys.modules["verify"] = module  # dataclasses and pickles look their module up
    code = compile(given["source"], given["path"], "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102 - this is what the process is for
    check: object = getattr(module, given["function"], None)
    if not callable(check):
        raise TypeError(f"it defines no function {given['function']!r}")
    return check


def _answer(check: Callable[[dict[str, Json]], object], line: bytes, path: str) -> tuple[int, RowResult]:
    number = int(line[1 : line.index(b",")])
    try:
        return number, _judged(check(_row(line)))
    except MemoryError:
        return number, (None, "", NO_MEMORY)
    except BaseException as fault:  # noqa: BLE001 - SystemExit and KeyboardInterrupt too: each costs its own row only
        at = _line(fault, path)
        where = f" at line {at}" if at else ""
        return number, (None, _said(fault), f"raised {_clipped(type(fault).__name__)}{where}")


def _row(line: bytes) -> dict[str, Json]:
    """The row as `check` takes it: texts that hold JSON become its values."""
    row: dict[str, Json] = json.loads(line)[1]
    for name in ("prompt", "labels", "fields", "gold"):
        row[name] = json.loads(row[name]) if row[name] else None
    calls = json.loads(row["tool_calls"]) if row["tool_calls"] else []
    row["tool_calls"] = [
        {"name": name, "arguments": _parsed(arguments, otherwise=arguments)} for name, arguments in calls
    ]
    row["parsed"] = _parsed(row["answer"], otherwise=None)
    return row


def _parsed(text: str, *, otherwise: str | None) -> Json:
    try:
        return strict_json(text)
    except ValueError:
        return otherwise


def _judged(given: object) -> RowResult:
    if isinstance(given, dict) and "value" in given and given.keys() <= {"value", "reason"}:
        given = given["value"], given.get("reason", "")
    score, message = given if isinstance(given, tuple) and len(given) == 2 else (given, "")
    if not isinstance(message, str):
        return None, "", f"returned a message of type {_clipped(type(message).__name__)}; {EXPECTED}"
    if score is None:
        return None, _clipped(message), "gave no score"
    if not isinstance(score, bool | int | float):
        return None, "", f"returned a {_clipped(type(score).__name__)}; {EXPECTED}"
    value = float(score)
    if math.isnan(value) or not 0 <= value <= 1:
        return None, "", f"returned {value!r}; {EXPECTED}"
    return value, _clipped(message), ""


def _line(fault: BaseException, path: str) -> int:
    """The last line of the user's file on the way to a fault; 0 where there is none."""
    if isinstance(fault, SyntaxError) and fault.filename == path:
        return fault.lineno or 0
    found, at, steps = 0, fault.__traceback__, 0
    while at is not None and steps < _MANY:
        if at.tb_frame.f_code.co_filename == path:
            found = at.tb_lineno
        at, steps = at.tb_next, steps + 1
    return found


def _sentence(fault: BaseException) -> str:
    if isinstance(fault, MemoryError):
        return NO_MEMORY
    return f"{_clipped(type(fault).__name__)}: {_said(fault)}"


def _said(fault: BaseException) -> str:
    try:
        return _clipped(str(fault))
    except BaseException:  # noqa: BLE001 - an exception may fail to say what it is, in any way
        return ""


def _clipped(text: str) -> str:
    line = " ".join(text[: 4 * _CLIP].split())
    return line if len(line) <= _CLIP else f"{line[: _CLIP - 1]}…"


def _say(out: int, value: Json) -> None:
    data = memoryview(json.dumps(value).encode() + b"\n")
    while data:
        data = data[os.write(out, data) :]
