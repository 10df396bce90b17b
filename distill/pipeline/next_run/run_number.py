"""Which numbered folder a command works in: the latest run goes on, unless that would redo a finished one under another spec.

    nothing yet                                        001
    `--new`                                            the next number, empty
    `refresh`                                          the next number, with the latest as its parent; one that was stopped
                                                       goes on in its own, and where nothing changed the latest stays the last
    the latest is finished, and the spec is another    the next number, begun as a copy of the latest: what the change does
                                                       not reach is skipped there, and the finished run stays as it is
    else                                               the latest

A run is finished when its report is written. What another spec is, `used_spec` says.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from distill.atomic_write import write_json
from distill.errors import UsageError
from distill.evaluate.ablation import result as ablations
from distill.evaluate.curve import result as curves
from distill.pipeline.next_run import growing
from distill.rundir import MANIFEST, RunDir, latest
from distill.student import run_dataset
from distill.task import used_spec
from distill.task.task import Task
from distill.teacher.progress import Watcher

_OWN = (
    ".lock", MANIFEST, "report.html", "REPORT.md", "report.json", run_dataset.FORMATS, curves.FILE, curves.FOLDER, ablations.FILE,
    ablations.FOLDER,
)  # fmt: skip
"""Files and folders of a run that its copy does not begin with."""


def folder_of(
    task: Task, *, stages: Sequence[str], new: bool, refresh: bool, watch: Watcher
) -> tuple[RunDir, RunDir | None]:
    """The run to work in, and the one that it refreshes."""
    last = latest(task.home, task.spec.task)
    if last is None:
        if refresh:
            raise UsageError(f"{task.spec.task} has no run to refresh yet; start with `distill run {task.path}`")
        return RunDir(task.home, task.spec.task, 1), None
    after = RunDir(task.home, task.spec.task, last.number + 1)
    if refresh:
        return _refreshed(task, last, after, watch)
    if new:
        return after, None
    _same_teacher(task, last, stages)
    changed = used_spec.changes(used_spec.read(last.path), used_spec.comparable(task)) if finished(last) else []
    if not changed:
        return last, parent_of(last)
    _copy(last, after)
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    watch.say(
        f"  run {last.name} is finished and keeps its spec; {', '.join(changed[:3])}{more} changed: this is run {after.name}"
    )
    return after, None


def _refreshed(task: Task, last: RunDir, after: RunDir, watch: Watcher) -> tuple[RunDir, RunDir | None]:
    parent = parent_of(last)
    if not finished(last):
        return last, refreshable(task, last)
    if not changed_since(task, last):
        watch.say(f"  {UNCHANGED.format(name=last.name)}")
        return last, parent
    return after, last


UNCHANGED = "nothing changed since run {name}: nothing is asked, and no run is opened"


def refreshable(task: Task, last: RunDir) -> RunDir:
    """The run that a refresh begun now, or stopped before, has as its parent."""
    if finished(last):
        return last
    if (parent := parent_of(last)) is None:
        raise UsageError(
            f"run {last.name} is not finished, so there is nothing to refresh; finish it with `distill run {task.path}`"
        )
    return parent


def changed_since(task: Task, run: RunDir) -> list[str]:
    """What of the spec and its files changed since a run, and its misses where they are to grow; a run that kept no spec counts as changed."""
    before = used_spec.read(run.path)
    found = ["the spec"] if before is None else used_spec.changes(before, used_spec.comparable(task))
    return [*found, f"{growing.MISSES} {run.name}"] if growing.due(task, run) else found


def _same_teacher(task: Task, last: RunDir, stages: Sequence[str]) -> None:
    """A later stage alone must not put another teacher's name on answers that are there."""
    asked = last.manifest().get("teacher")
    if "generate" not in stages and asked not in (None, task.models):
        raise UsageError(
            f"run {last.name} holds answers of {asked}, and the spec asks {task.models}; `distill run {task.path}` asks that "
            f"one, in a run of its own, or add --set teacher.model={asked}"
        )


def finished(run: RunDir) -> bool:
    """Whether its report is written."""
    return "report" in run.manifest()["stages"]


def parent_of(run: RunDir) -> RunDir | None:
    """The run that this one refreshes."""
    name = run.manifest().get("parent")
    return RunDir(run.home, run.task, int(name.rsplit("/", 1)[1])) if name else None


def _copy(last: RunDir, after: RunDir) -> None:
    """Begin a run with another's files, whole or not at all; whoever else began it first is left to it."""
    aside = after.path.with_name(f".{after.path.name}.{os.getpid()}.tmp")
    try:
        with last.lock():
            shutil.copytree(last.path, aside, symlinks=True, ignore=shutil.ignore_patterns(*_OWN, ".*.tmp"))
            manifest = last.manifest()
        stages = {name: entry for name, entry in manifest["stages"].items() if name != "report"}
        write_json(aside / MANIFEST, {"run": after.name, "stages": stages, "copied_from": last.name})
        aside.rename(after.path)
    except FileExistsError:
        pass
    finally:
        shutil.rmtree(aside, ignore_errors=True)
