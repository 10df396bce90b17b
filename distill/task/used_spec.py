"""The spec that a run used, kept in its folder: `task.yaml` as it was with what `--set` changed, and `spec.json` to compare by.

    {"spec": {"dedup": {"near": 0.85, …}, …}, "files": {"teacher.md": "3f9c…", …}, "student_prompt": "Mood?\n…"}

The student's prompt is kept as it was, since the student of a run is asked with the one that it learnt (`distill.evaluate.previous`).

Two specs are the same if they would end in the same dataset, student and report: what a run may cost, how long it may
take, how many calls are in flight and whose key pays is not compared. A prompt, a schema or a seed file that changed makes
another spec.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from distill import reads
from distill.atomic_write import write_atomic, write_json
from distill.records import Json
from distill.rundir import SPEC, RunDir, file_hash
from distill.spec import SENDING, SEVERAL, TaskSpec
from distill.task.task import Task

_NO_CHANGE = ("evaluate.gate.", "seeds.grow.")
"""A gate is held against a result, and what grows is a change by its own name, in a refresh alone: neither makes another spec."""


def comparable(task: Task) -> dict[str, Json]:
    """What `changes` compares."""
    folder = task.path.parent
    return {
        "spec": _compared(task.spec.model_dump(mode="json", by_alias=True)),
        "files": {name: file_hash(folder / name) for name in _files(task.spec)},
    }


def read(folder: Path) -> dict[str, Json] | None:
    """What a run used; None where nothing readable says so."""
    reads.note_file(folder / SPEC)
    try:
        found = json.loads((folder / SPEC).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


CURATION = ("gates", "dedup", "dataset")
"""The parts of a spec that make a dataset of answers."""


def overrides(folder: Path, *more: str) -> list[str]:
    """The student and the evaluation of a run, and `more` parts of its spec, as `--set` would give them: what made them may be no setting
    of the file.
    """
    used = (read(folder) or {}).get("spec", {})
    return [f"{part}={json.dumps(used[part])}" for part in ("student", "evaluate", *more) if used.get(part)]


_ASKED = {
    "teacher": ("model", "base_url", "api", "prompt", "output", "tools", "sampling"), "student": ("prompt", "template", "serve"),
    "evaluate": ("arms", "calibration"),
}  # fmt: skip


def as_asked(folder: Path) -> list[str]:
    """How a run's teacher and student were asked, as `--set` would give it, setting by setting: whose key pays is the file's to say."""
    used: dict[str, dict[str, Json]] = (read(folder) or {}).get("spec", {})
    given = {
        f"{part}.{name}": used[part][name]
        for part, names in _ASKED.items()
        for name in names
        if name in used.get(part, {})
    }
    given |= {f"student.train.{name}": value for name, value in used.get("student", {}).get("train", {}).items()}
    return [f"{name}={json.dumps(value)}" for name, value in given.items()]


def changed_prompt(task: Task, folder: RunDir) -> str:
    """The student's prompt, where it is not the one any more that the run was made with; else nothing."""
    name = task.spec.student.prompt
    before = (read(folder.path) or {}).get("files", {}).get(name)
    return name if before not in (None, file_hash(task.path.parent / name)) else ""


def write(task: Task, folder: RunDir) -> None:
    """Keep the spec as it is used, for `changes` and for people."""
    prompt = (task.path.parent / task.spec.student.prompt).read_text("utf-8", "replace")
    write_json(folder / SPEC, {**comparable(task), "student_prompt": prompt})
    text = task.path.read_bytes()
    if task.overrides:
        used = yaml.safe_dump(
            task.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True), sort_keys=False, allow_unicode=True, width=120
        )  # fmt: skip
        text = f"# {task.path.name} as this run used it: --set changed it\n{used}".encode()
    write_atomic(folder / "task.yaml", text)


def changes(before: Mapping[str, Json] | None, now: Mapping[str, Json]) -> list[str]:
    """Names of settings and files that differ, e.g. ["dedup.near", "teacher.md"]; none where nothing is known of before.

    A setting that the earlier version did not know, and that is not set, is the same; a gate is held against a result and changes none.
    """
    return [name for name, _, _ in differences(before, now)]


def differences(before: Mapping[str, Json] | None, now: Mapping[str, Json]) -> list[tuple[str, Json, Json]]:
    """The same with what each was and is; of a file that is its hash."""
    if before is None:
        return []
    old, new = (_leaves(_alike(one.get("spec", {}))) | dict(one.get("files", {})) for one in (before, now))
    names = (name for name in old.keys() | new.keys() if not f"{name}.".startswith(_NO_CHANGE))
    return [
        (name, old.get(name), new.get(name)) for name in sorted(names) if _set(old.get(name)) != _set(new.get(name))
    ]


def _set(value: Json) -> Json:
    return "" if value is None else value


def _compared(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _compared(inside) for name, inside in value.items() if name not in SENDING}
    return [_compared(inside) for inside in value] if isinstance(value, list) else value


def _alike(value: Json) -> Json:
    """The same with every list of endpoints as one word: which ones they are changes no answer."""
    if isinstance(value, dict):
        held = {name: _alike(inside) for name, inside in value.items()}
        return held | {"base_url": SEVERAL} if isinstance(held.get("base_url"), list) else held
    return [_alike(inside) for inside in value] if isinstance(value, list) else value


def _leaves(value: Json, name: str = "") -> dict[str, Json]:
    """Dotted name → value of everything that holds nothing more."""
    if not isinstance(value, dict) or not value:
        return {name: value}
    return {
        leaf: held
        for key, inside in value.items()
        for leaf, held in _leaves(inside, f"{name}.{key}".lstrip(".")).items()
    }


def _files(spec: TaskSpec) -> list[str]:
    """Every file that the spec names, by the name that it has there."""
    named = [
        spec.teacher.prompt, spec.student.prompt, spec.teacher.output, spec.teacher.tools, *spec.seeds.paths,
        spec.seeds.test.from_, *spec.seeds.held_out, *(asked.ask for asked in spec.strata.asked.values()),
        spec.judge.prompt if spec.judge else None,
        *(str(settings.get("function", "verify.py")).split(":")[0] for name, settings in spec.gate_settings() if name == "verify"),
    ]  # fmt: skip
    return sorted({name for name in named if name})
