"""What `distill monitor` found when it looked last, where it ever did.

It keeps `monitor/TASK/monitor.json` in the project's folder; of that file these keys are read:

    {"looked": "2026-11-29T03:00:00+00:00", "run": "mood/002", "alarms": ["far inputs: 9 % of the calls, limit 5 %"]}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from distill.errors import UsageError
from distill.lifecycle.calendar.result import LastLook
from distill.rundir import read_result


@dataclass(frozen=True, slots=True)
class _Kept:
    looked: str
    run: str
    alarms: Sequence[str]


class ReadLook(NamedTuple):
    """The look, and why it cannot be read though there is one."""

    look: LastLook | None
    broken: str = ""


def last_look(home: Path, task: str) -> ReadLook:
    """The last look at the logs of a task's student; none where the file is not there."""
    path = home / "monitor" / task / "monitor.json"
    if not path.is_file():
        return ReadLook(None)
    try:
        kept = read_result(path, _Kept)
        day = datetime.fromisoformat(kept.looked).date().isoformat() if kept.looked else ""
    except (UsageError, ValueError):
        return ReadLook(
            None, f"monitor/{task}/monitor.json: not what `distill monitor` writes; its next look writes it again"
        )
    return ReadLook(LastLook(day, kept.run, len(kept.alarms)))
