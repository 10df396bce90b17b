"""The weights that a student is an adapter of: the same name may be other weights by now, and an adapter of others answers nonsense."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from distill.base_model.local import LocalWeights
from distill.errors import UsageError
from distill.records import Json, content_id
from distill.rundir import RunDir
from distill.teacher.engines import embedded

_HERE = ("lora", "full")


def identity_of(run: RunDir, used: Mapping[str, Json], spec: Path) -> str:
    """A fingerprint of the base as it lies here; empty where it is not here, or no base on this machine was tuned. `used` is the run's
    spec.json. UsageError where it is not the one that the run's training read."""
    student = used["spec"]["student"]
    way = student["train"]
    if way["with"] not in _HERE:
        return ""
    name = str(embedded.gguf()) if way["base"] == embedded.MODEL else way["base"]
    template = spec.parent / student["template"] if student.get("template") else None
    found = LocalWeights(name, spec.parent, run.home / ".distill" / "base", template).identity
    if found == "not here":
        return ""
    trained = run.manifest()["stages"].get("train", {}).get("reads", {}).get("fact:base")
    if trained not in (None, content_id(found)):
        raise UsageError(
            f"the base {way['base']!r} is another than the one that the student of {run.name} was tuned on; put that one back, or "
            f"`distill run {run.task}` makes a student of this one"
        )
    return found
