"""Every task of a project, in lines that fit 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from distill.cli.plain import wrapped
from distill.money import shown

if TYPE_CHECKING:
    from distill.lifecycle.calendar.result import Due, ModelEnd, NewestRun, ProjectStatus, ServingStudent, TaskStatus

_WIDTH = 80
_NAME = 12
"""Columns in front of what a line says."""
_WHEN = 15
"""The same in the list of what is due."""


def project_lines(found: ProjectStatus) -> list[str]:
    """A paragraph a task, then what is due: now, on a day, and what has no day."""
    now = [one for one in found.due if one.now]
    later = [one for one in found.due if not one.now and one.day is not None]
    some_day = [one for one in found.due if not one.now and one.day is None]
    things = f"{len(now)} thing{'' if len(now) == 1 else 's'}" if now else "nothing"
    return [
        f"{len(found.tasks)} task{'' if len(found.tasks) == 1 else 's'} on {found.day}, {things} due",
        *([] if found.tasks else [f"no task under {found.home}; `distill init` writes a first one"]),
        *(line for text in _tasks(found) for line in wrapped(text, _WIDTH, hang=_NAME - 2)),
        *_due("due now", now),
        *_due("later", later),
        *_due("some day", some_day),
    ]


def _tasks(found: ProjectStatus) -> Iterator[str]:
    for task in found.tasks:
        yield ""
        yield f"{task.task}" + (f"  {task.spec}" if task.spec else "  (no spec)")
        yield from (f"  {name:{_NAME - 2}}{said}" for name, said in _facts(task))
    if found.broken:
        yield ""
    yield from (f"cannot be read: {one}" for one in found.broken)


def _facts(task: TaskStatus) -> Iterator[tuple[str, str]]:
    yield "newest", _newest(task.newest)
    if task.finished is not None and task.newest is not None and task.finished.run != task.newest.run:
        yield "finished", f"{task.finished.run}, {task.finished.verdict or 'not compared'}"
    yield "serves", _serves(task.serves)
    yield from (("model", _model(one)) for one in task.models)
    if task.closes is not None:
        yield (
            "host",
            f"{task.closes.host} {'takes' if task.closes.days >= 0 else 'took'} tuning jobs until {task.closes.last_day}",
        )
    if (look := task.monitor) is not None:
        alarms = f"{look.alarms or 'no'} alarm{'' if look.alarms == 1 else 's'}"
        yield "monitor", f"{look.day}, {look.run}, {alarms}"
    yield "spent", shown(task.usd, task.unpriced)
    yield from (("broken", one) for one in task.broken)


def _newest(run: NewestRun | None) -> str:
    if run is None:
        return "no run yet"
    rows = [] if run.rows is None else [f"{run.rows:,} rows"]
    verdict = [run.verdict] if run.verdict else []
    pending = [f"{run.pending:,} rows pending"] if run.pending else []
    stand = {
        "working": f"process {run.held_by} works on it", "finished": f"finished {run.finished}",
        "pending": f"began {run.began}", "stopped": f"stopped after {run.stage}" if run.stage else "no stage done",
    }  # fmt: skip
    return ", ".join([run.run, stand[run.state], *verdict, *rows, *pending])


def _serves(student: ServingStudent | None) -> str:
    if student is None:
        return "nothing promoted"
    return f"student {student.number} of {student.run}, {student.verdict or 'not compared'}, asked {student.asked}, {_from_now(-student.age)}"


def _model(one: ModelEnd) -> str:
    role = "" if one.role == "teacher" else f" ({one.role})"
    if not one.at:
        return f"{one.model}{role}, on this machine"
    end = (
        "no end known"
        if one.shutdown_date is None
        else f"{'ends' if (one.days or 0) >= 0 else 'ended'} {one.shutdown_date}"
    )
    return f"{one.model}{role} at {one.at}, {end}" + (f" ({one.source})" if one.source else "")


def _due(title: str, found: Sequence[Due]) -> list[str]:
    """When, of which task and what, then the command that does it."""
    lines = ["", title] if found else []
    for one in found:
        when = "" if one.days is None else "now" if one.now and one.day is None else _from_now(one.days)
        lines += wrapped(f"  {when:{_WHEN - 2}}{one.task or 'project'}: {one.says}", _WIDTH, hang=_WHEN - 2)
        lines += [f"{'':{_WHEN}}{one.command}"] if one.command else []
    return lines


def _from_now(days: int) -> str:
    """`in 45 days`, `today`, `3 days ago`."""
    return "today" if days == 0 else f"in {_days(days)}" if days > 0 else f"{_days(-days)} ago"


def _days(count: int) -> str:
    return f"{count:,} day{'' if count == 1 else 's'}"
