"""The trace of a stage: a hash of everything that it read, kept in the manifest and compared with what is there now.

    "reads": {"spec:dedup.near": "1f…", "task:student_prompt": "…", "file:seeds.parquet": "…", "fact:owed": "…"}

Files are named from the run's own folder, so that a run which begins as a copy of another compares its own. What a stage writes itself is not in its trace.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from distill import spec
from distill.records import Json, Seed, content_id, list_id
from distill.rundir import file_hash
from distill.task.run import ActiveRun
from distill.task.task import Task

_ABSENT = "absent"


def trace_of(run: ActiveRun, seen: Collection[str], *, outputs: Sequence[str], sending: bool) -> dict[str, str]:
    """The trace of a stage that read what is named in `seen`; with `sending` how it was sent and paid for is in it too."""
    own = {str(run.folder.path.absolute() / path) for path in outputs}
    named = set[str]()
    for what in seen:
        kind, _, name = what.partition(":")
        if kind == "file" and name not in own:
            named.add(f"file:{os.path.relpath(name, run.folder.path)}")
        elif kind not in ("file", "send") or (kind == "send" and sending):
            named.add(what)
    return _now(run, sorted(named))


def changed(run: ActiveRun, before: Mapping[str, str]) -> list[str]:
    """The names, as people know them, of what is not as it was."""
    now = _now(run, before)
    return [_shown(what) for what, value in before.items() if now[what] != value]


def _now(run: ActiveRun, named: Iterable[str]) -> dict[str, str]:
    """Name → hash of what is there now."""
    settings = spec.values(run.task.spec)
    return {what: _hash(run, what, settings) for what in named}


def _hash(run: ActiveRun, what: str, settings: Mapping[str, Json]) -> str:
    kind, _, name = what.partition(":")
    match kind:
        case "spec" | "send":
            return content_id(settings[what]) if what in settings else _ABSENT
        case "file":
            return file_hash(run.folder.path / name)
        case "env":
            return content_id(run.task.env.get(name, "").strip())
        case "task":
            return _of_task(run.task, name)
        case _:
            return content_id(run.facts[name](run)) if name in run.facts else _ABSENT


def _of_task(task: Task, name: str) -> str:
    """The hash of a field of the task, by what it says and not by where it stands."""
    if not hasattr(task, name):
        return _ABSENT
    value = getattr(task, name)
    if name in ("seeds", "pinned"):
        # Packed rows never change, and are known by the object alone; a list may.
        return list_id(map(_row, value)) if isinstance(value, list | tuple) else _of_packed(value)
    return content_id(_CONTENT.get(name, lambda given: given)(value)) if name != "path" else content_id(_place(task))


@lru_cache(maxsize=2)
def _of_packed(seeds: Iterable[Seed]) -> str:
    """Once for all stages of a run, of which each asks twice: a million rows take seconds."""
    return list_id(map(_row, seeds))


def _row(seed: Seed) -> Json:
    labels, gold = dict(seed.labels), None if seed.gold is None else dict(seed.gold)
    kept = [dict(seed.kept)] if seed.kept else []
    return [dict(seed.fields), labels, gold, seed.line, seed.source, seed.group, seed.own_id, *kept]


def _place(task: Task) -> str:
    """A spec that moves together with its project is the same."""
    inside = task.path.is_relative_to(task.home)
    return str(task.path.relative_to(task.home)) if inside else task.path.name


_CONTENT: Mapping[str, Callable[[Any], Json]] = {
    "teacher_prompt": lambda prompt: prompt.turns,
    "student_prompt": lambda prompt: prompt.turns,
    "label_prompts": lambda prompts: {name: prompt.turns for name, prompt in prompts.items()},
    "rival_prompts": lambda prompts: {name: prompt.turns for name, prompt in prompts.items()},
    "rubrics": lambda rubrics: {
        gate: [rubric.text, dict(rubric.dimensions), list(rubric.dimensions)] for gate, rubric in rubrics.items()
    },
    "evaluation_rubric": lambda rubric: (
        [rubric.text, dict(rubric.dimensions), list(rubric.dimensions)] if rubric else None
    ),
    "growth": lambda growth: asdict(growth) if growth else None,
    "bad_rows": lambda frame: frame.write_json(),
    "held_out": list,
}


def _shown(what: str) -> str:
    kind, _, name = what.partition(":")
    if kind == "file":
        return name.removeprefix("../")
    name, words = name.removesuffix(":given"), name.replace("_", " ")
    return {"spec": name, "send": name, "env": f"${name}", "task": f"the task's {words}"}.get(kind, words)
