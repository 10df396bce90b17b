"""What is due of a task, by rule.

broken        something cannot be read
batches       batch jobs lie at a host, and nobody works on the run
pending       rows of the newest run have no answer yet
unfinished    the newest run stopped before its report
monitor       the last look of `distill monitor` raised alarms
promote       a finished run whose verdict is *distil* is newer than what serves, and was never promoted
model_ends    a model of the task is shut down within `refresh.notice` days, or was
host_closes   the host that tunes the student takes no more jobs within as many days
age           the last run, promotion or probe is `refresh.every` days old

A rule that is not met yet and has a day stands in the list with its day.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from distill.lifecycle.calendar.model_ends import BASE, SERVING
from distill.lifecycle.calendar.result import Due, ModelEnd, TaskStatus
from distill.spec.lifecycle.refresh import RefreshSettings

_DISTIL = "distil"


def due_of(task: TaskStatus, settings: RefreshSettings, looked: Sequence[str], today: date) -> list[Due]:
    """What is due of a task, in the order of `in_order`. `looked` are the days of its last runs and probes."""
    return in_order([
        *(Due(task.task, "broken", one, now=True, days=0) for one in task.broken),
        *_open_work(task),
        *_monitor(task),
        *_promotion(task),
        *_ends(task, settings.notice),
        *_age(task, settings.every, looked, today),
    ])  # fmt: skip


def in_order(found: Sequence[Due]) -> list[Due]:
    """What is due now, the longest overdue first; then what has a day, by it; then the rest."""
    return sorted(found, key=lambda one: (not one.now, one.days is None, one.days or 0, one.task))


def _open_work(task: TaskStatus) -> Iterator[Due]:
    """What the same command, run again, goes on with; nothing while a process is at it."""
    newest, again = task.newest, shlex.join(["distill", "run", task.task])
    if newest is not None and newest.state == "working":
        return
    if task.batches is not None:
        count, since = task.batches.batches, f" since {task.batches.since[:10]}" if task.batches.since else ""
        said = f"{count} batch job{'s' if count != 1 else ''} of {task.batches.rows:,} rows to collect{since}"
        yield Due(task.task, "batches", said, now=True, days=0, command=again)
    elif newest is not None and newest.state == "pending":
        yield Due(
            task.task, "pending", f"{newest.run} has {newest.pending:,} pending rows", now=True, days=0, command=again
        )
    elif newest is not None and newest.state == "stopped":
        after = f"after {newest.stage}" if newest.stage else "before its first stage was done"
        yield Due(task.task, "unfinished", f"{newest.run} stopped {after}", now=True, days=0, command=again)


def _monitor(task: TaskStatus) -> Iterator[Due]:
    """Alarms of the student that serves; those of one before it are of no use any more."""
    look = task.monitor
    if look is not None and look.alarms and (task.serves is None or task.serves.run == look.run):
        said = f"the monitor raised {look.alarms} alarm{'s' if look.alarms != 1 else ''} on {look.day}"
        yield Due(task.task, "monitor", said, now=True, days=0)


def _promotion(task: TaskStatus) -> Iterator[Due]:
    """A student that was promoted before and serves no more was rolled back on purpose."""
    last, serves = task.finished, task.serves
    if last is None or last.promoted or (serves is not None and serves.run == last.run):
        return
    command = shlex.join(["distill", "promote", last.run])
    if serves is None and last.verdict == _DISTIL:
        said = f"{last.run} is worth promoting (distil), and no student serves yet"
        yield Due(task.task, "promote", said, now=False, command=command)
    elif serves is not None and last.number > _number(serves.run):
        worth = last.verdict == _DISTIL
        said = f"{last.run} ({last.verdict or 'not compared'}) is newer than what serves, {serves.run}"
        yield Due(task.task, "promote", said, now=worth, days=0 if worth else None, command=command if worth else "")


def _number(run: str) -> int:
    return int(run.rpartition("/")[2])


def _ends(task: TaskStatus, notice: int) -> Iterator[Due]:
    for one in task.models:
        if one.days is not None:
            said = f"{_named(one)} {'ends' if one.days >= 0 else 'ended'} on {one.shutdown_date}"
            yield Due(
                task.task, "model_ends", said, one.days <= notice, one.shutdown_date, one.days, _instead(task, one)
            )
    if (last := task.closes) is not None:
        verb = "takes its last tuning jobs" if last.days >= 0 else "takes no tuning job since"
        said = f"{last.host} {verb} {'on ' if last.days >= 0 else ''}{last.last_day}"
        yield Due(task.task, "host_closes", said, last.days <= notice, last.last_day, last.days)


def _named(one: ModelEnd) -> str:
    """`the teacher gpt-4o`, `the base gpt-4o of what serves`, `teacher.fallback[0], gpt-4o,`."""
    if one.role == "teacher":
        return f"the teacher {one.model}"
    if one.role == BASE:
        return f"the base {one.model}, and with it students tuned on it,"
    return f"{one.model}, the base of what serves," if one.role == SERVING else f"{one.model} ({one.role})"


def _instead(task: TaskStatus, one: ModelEnd) -> str:
    """How another model is tried in its place."""
    if one.role == "teacher":
        return shlex.join(["distill", "refresh", task.task, "--teacher", "OTHER"])
    if one.role in (BASE, SERVING):
        return shlex.join(["distill", "refresh", task.task, "--set", f"{BASE}=OTHER"])
    return ""


def _age(task: TaskStatus, every: int | None, looked: Sequence[str], today: date) -> Iterator[Due]:
    if every is None or not any(looked):
        return
    last = date.fromisoformat(max(looked))
    day = last + timedelta(days=every)
    said = f"answers and last probe are {(today - last).days} days old, refresh.every is {every}"
    left = (day - today).days
    yield Due(task.task, "age", said, left <= 0, day.isoformat(), left, shlex.join(["distill", "refresh", task.task]))
