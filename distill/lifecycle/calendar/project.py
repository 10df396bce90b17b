"""All tasks of a project: those of its specs, its runs and its registry. What cannot be read is named, and stops nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from distill import spec as specs
from distill.errors import UsageError
from distill.lifecycle.calendar import told
from distill.lifecycle.calendar.due import due_of, in_order
from distill.lifecycle.calendar.model_ends import host_closes, model_ends, serving_end, used_models
from distill.lifecycle.calendar.monitor_look import last_look
from distill.lifecycle.calendar.result import Due, ModelEnd, ProjectStatus, TaskStatus
from distill.lifecycle.calendar.runs import runs_of
from distill.lifecycle.calendar.serving import Serving, serving_of
from distill.lifecycle.calendar.spending import ProjectSpending, spending_of
from distill.pipeline import arguments
from distill.rundir import numbers
from distill.spec import TaskSpec
from distill.spec.lifecycle.refresh import RefreshSettings
from distill.task import event_loop

PROBE = "refresh.json"
"""Beside a task's runs: the last plan of `distill refresh`."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What is the same for every task of one look. `specs` are by task, those without a name under an empty one."""

    home: Path
    today: date
    env: Mapping[str, str]
    specs: Mapping[str, Sequence[Path]]
    said: Mapping[str, told.ToldDate] = field(default_factory=dict)
    spent: ProjectSpending = field(default_factory=ProjectSpending)

    def inside(self, path: Path) -> str:
        return str(path.relative_to(self.home))


def project_status(home: Path, env: Mapping[str, str], today: date, *, ask: bool = False) -> ProjectStatus:
    """Every task and what is due. With `ask` each host is asked when its models end; else nothing is sent."""
    home = arguments.project_at(home)
    look = _Look(home, today, env, arguments.specs_of(home))
    loaded = {name: _loaded(look, paths) for name, paths in look.specs.items() if name}
    look, broken = _with_spending(look)
    look = replace(look, said=_said(look, [spec for spec, _ in loaded.values() if spec is not None], ask=ask))
    names = sorted({*loaded, *_with_runs(home), *_folders(home / "registry")})
    tasks = [_task(look, name, *loaded.get(name, (None, ""))) for name in names]
    due = [Due("", "broken", one, now=True, days=0) for one in broken]
    unnamed = [f"{look.inside(path)}: no task can be read from it" for path in look.specs.get("", [])]
    return ProjectStatus(
        str(home), today.isoformat(), tasks, in_order([*due, *(one for task in tasks for one in task.due)]), [*broken, *unnamed]
    )  # fmt: skip


def _with_spending(look: _Look) -> tuple[_Look, list[str]]:
    """The look with what the answer store says, or why it says nothing."""
    try:
        return replace(look, spent=spending_of(look.home)), []
    except (UsageError, OSError) as fault:
        return look, [f"the answer store: {_short(fault)}"]


def _said(look: _Look, found: Sequence[TaskSpec], *, ask: bool) -> Mapping[str, told.ToldDate]:
    if not ask:
        return told.read_told(look.home)
    addresses = [used.address for spec in found for used in used_models(spec, look.env)]
    return event_loop.finished(told.ask_hosts)(look.home, addresses, look.today)


def _loaded(look: _Look, paths: Sequence[Path]) -> tuple[TaskSpec | None, str]:
    """The spec of a task, or why there is none."""
    if len(paths) > 1:
        return None, f"{len(paths)} specs have this name: {', '.join(map(look.inside, paths[:3]))}"
    try:
        return specs.load(paths[0]), ""
    except (UsageError, OSError) as fault:
        return None, f"spec {look.inside(paths[0])}: {_short(fault)}"


def _task(look: _Look, name: str, spec: TaskSpec | None, fault: str) -> TaskStatus:
    home, paths = look.home, look.specs.get(name, [])
    runs, serving, watched = runs_of(home, name), serving_of(home, name, look.today), last_look(home, name)
    found = TaskStatus(
        task=name, spec=look.inside(paths[0]) if paths else None, newest=runs.newest, finished=runs.finished,
        serves=serving.student, models=_models(look, spec, serving), closes=host_closes(spec, look.today) if spec else None,
        batches=look.spent.batches.get(name), monitor=watched.look, usd=look.spent.dollars(name),
        unpriced=look.spent.unpriced.get(name, 0), broken=[one for one in (fault, *runs.broken, serving.broken, watched.broken) if one],
    )  # fmt: skip
    settings = spec.refresh if spec else RefreshSettings()
    return replace(found, due=due_of(found, settings, _looked(home, found), look.today))


def _models(look: _Look, spec: TaskSpec | None, serving: Serving) -> list[ModelEnd]:
    """Those of the spec, and the base of what serves where it is another one."""
    found = model_ends(spec, look.env, look.said, look.today) if spec else []
    old = serving_end(serving.student, serving.train, spec, look.today) if serving.student else None
    return [*found, *([old] if old else [])]


def _looked(home: Path, task: TaskStatus) -> list[str]:
    """The days of the last run, of the data that serves, and of the last probe."""
    probe = home / "runs" / task.task / PROBE
    days = [task.finished.began if task.finished else "", task.serves.asked if task.serves else ""]
    if probe.is_file():
        days.append(datetime.fromtimestamp(probe.stat().st_mtime).astimezone().date().isoformat())
    return [day for day in days if day]


def _with_runs(home: Path) -> list[str]:
    return [name for name in _folders(home / "runs") if numbers(home, name)]


def _folders(path: Path) -> list[str]:
    return [one.name for one in path.glob("*") if one.is_dir() and not one.name.startswith(".")]


def _short(fault: Exception) -> str:
    """The first clause of a message, on one line."""
    return " ".join(str(fault).split("; ", maxsplit=1)[0].split())
