"""The runs of a task as far as a calendar needs them; a folder that cannot be read is named, and the one before it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from distill.errors import UsageError
from distill.lifecycle.calendar.result import FinishedRun, NewestRun, RunState
from distill.lifecycle.registry.task_registry import numbers_of
from distill.records import Json
from distill.rundir import MANIFEST, RunDir, numbers
from distill.task.run import ORDER
from distill.teacher.batch.open_batches import holder


class TaskRuns(NamedTuple):
    """The newest run and the newest finished one of a task."""

    newest: NewestRun | None
    finished: FinishedRun | None
    broken: Sequence[str]


def runs_of(home: Path, task: str) -> TaskRuns:
    """What the run folders of a task say."""
    newest, broken = None, list[str]()
    for number in reversed(numbers(home, task)):
        run = RunDir(home, task, number)
        try:
            stages = _stages(run)
            newest = newest or _newest(run, stages)
            if "report" in stages:
                return TaskRuns(newest, _finished(run, stages), broken)
        except (UsageError, OSError, ValueError, TypeError, AttributeError) as fault:
            broken.append(f"run {run.name}: {str(fault).split(';', maxsplit=1)[0]}")
    return TaskRuns(newest, None, broken)


def _stages(run: RunDir) -> Mapping[str, Mapping[str, Json]]:
    """What its manifest says of each stage; UsageError where it has none, though files of it are there."""
    if not run.path.is_dir():
        raise UsageError("a file, expected a folder")
    if not (run.path / MANIFEST).exists() and any(not path.name.startswith(".") for path in run.path.iterdir()):
        raise UsageError(f"{MANIFEST} is gone, so nothing says what was done in it")
    stages: Mapping[str, Mapping[str, Json]] = run.manifest()["stages"]
    return stages


def _newest(run: RunDir, stages: Mapping[str, Mapping[str, Json]]) -> NewestRun:
    done = [name for name in ORDER if name in stages]
    held = holder(run)
    pending = max(int(stages.get(name, {}).get("owed") or 0) for name in ("generate", "curate"))
    rows = (stages.get("export", {}).get("rows") or {}).get("train")
    return NewestRun(
        run=run.name, state=_state(held, stages, pending), stage=done[-1] if done else "", began=began(stages),
        finished=_ended(stages["report"]) if "report" in stages else "", verdict=_verdict(stages), rows=rows,
        pending=pending, held_by=held,
    )  # fmt: skip


def _state(held: int | None, stages: Mapping[str, Json], pending: int) -> RunState:
    if held is not None:
        return "working"
    if "report" in stages:
        return "finished"
    return "pending" if pending else "stopped"


def _finished(run: RunDir, stages: Mapping[str, Mapping[str, Json]]) -> FinishedRun:
    return FinishedRun(run.name, run.number, began(stages), _verdict(stages), promoted=bool(numbers_of(run)))


def _verdict(stages: Mapping[str, Mapping[str, Json]]) -> str:
    return str(stages.get("evaluate", {}).get("verdict") or "")


def began(stages: Mapping[str, Mapping[str, Json]]) -> str:
    """The day of the first stage that a manifest knows; empty where it knows none."""
    return _day(min((float(one["started"]) for one in stages.values() if "started" in one), default=0.0))


def _ended(stage: Mapping[str, Json]) -> str:
    return _day(float(stage.get("started") or 0.0) + float(stage.get("seconds") or 0.0))


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().date().isoformat() if moment else ""
