"""How long each stage of a command took last time in its task: the basis for how long all of it will take.

A stage that asks takes as long as it has to wait for answers; where all of them were stored the last time, the time before
that counts. Nothing is guessed for a stage that was never done.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from distill.errors import UsageError
from distill.records import Json
from distill.rundir import RunDir, numbers
from distill.task.run import ORDER, ActiveRun
from distill.teacher.progress import StageTime

ASKING = "asking_seconds"
"""In a stage's entry of the manifest: its seconds when it last sent anything."""


def ahead(run: ActiveRun, first: str) -> list[StageTime]:
    """The stages of the command, `first` being the first that is not skipped."""
    took, names = last_seconds(run.folder.home, run.folder.task), stages(run)
    begin = names.index(first)
    return [StageTime(name, took.get(name), skipped=n < begin) for n, name in enumerate(names)]


def stages(run: ActiveRun) -> list[str]:
    """The stages that the command comes to, in their order: without training where the spec has none; a preview ends after curation."""
    spec = run.task.spec
    order = ORDER[: ORDER.index("curate") + 1] if spec.dataset.preview and "curate" in run.stages else ORDER
    return [name for name in order if name in run.stages and (name != "train" or spec.student.train.with_ != "none")]


def last_seconds(home: Path, task: str) -> dict[str, float]:
    """Stage → its seconds in the newest run of the task that has it."""
    found: dict[str, float] = {}
    for number in reversed(numbers(home, task)):
        for name, seconds in _seconds(RunDir(home, task, number)).items():
            found.setdefault(name, seconds)
    return found


def asking_seconds(seconds: float, sent: int, last: Mapping[str, Json] | None) -> dict[str, Json]:
    """What the entry of a stage notes under ASKING; nothing where it never sent anything."""
    if sent:
        return {ASKING: seconds}
    return {ASKING: last[ASKING]} if last and ASKING in last else {}


def _seconds(run: RunDir) -> dict[str, float]:
    try:
        entries: Mapping[str, Mapping[str, Json]] = run.manifest()["stages"]
    except UsageError:  # whoever works in that run sees the error
        return {}
    took = {name: entry.get(ASKING, entry.get("seconds")) for name, entry in entries.items()}
    return {name: float(value) for name, value in took.items() if isinstance(value, int | float)}
