"""Looks of the monitor at the student's rows, each in a process of its own: calls do not wait for it, and it asks nobody anything."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.errors import UsageError
from distill.lifecycle.monitor.look import RESULT
from distill.rundir import read_json


@dataclass(frozen=True, slots=True)
class MonitorSaid:
    """The alarms of the newest look, when that was, and what kept a look from being made."""

    alarms: Sequence[str] = ()
    looked: str = ""
    fault: str = ""


async def look(spec: Path, rows: Path, overrides: Sequence[str]) -> MonitorSaid:
    """`distill monitor SPEC ROWS`, and what came of it."""
    sets = [word for one in overrides for word in ("--set", one)]
    words = [sys.executable, "-m", "distill", "monitor", str(spec), str(rows), "--json", "--sample", "0", *sets]
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return _read(said, process.returncode)


def newest(home: Path, task: str) -> MonitorSaid:
    """What the newest look said, whoever made it."""
    path = home / "monitor" / task / RESULT
    if not path.is_file():
        return MonitorSaid()
    try:
        found = read_json(path, dict, needs="alarms")
    except UsageError as fault:
        return MonitorSaid(fault=str(fault))
    return MonitorSaid(list(found["alarms"]), str(found.get("looked") or ""))


def _read(said: bytes, code: int | None) -> MonitorSaid:
    try:
        found = json.loads(said)
    except ValueError:
        return MonitorSaid(fault=f"the monitor ended with {code}")
    if "error" in found:
        return MonitorSaid(fault=str(found["error"]["message"]))
    return MonitorSaid(list(found["alarms"]), str(found["looked"]))
