"""The functions of a task's `verify` gates: their faults, their fingerprints, and whether they can be imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distill import reads
from distill.curate.accounting.funnel import FunnelLine
from distill.curate.gates.settings import FUNCTION, VerifySettings
from distill.curate.gates.verify.source import fingerprint, import_once, source_faults
from distill.errors import Fault, UsageError
from distill.spec import TaskSpec
from distill.task.task import Task

if TYPE_CHECKING:
    import polars as pl


_MANY = 20
"""Answers of which a function that works judges one at least."""


def task_argument(task: Task, seeds: pl.DataFrame) -> dict[str, object]:
    """What the gate has from the task beside its settings; results are kept beside the answers."""
    from distill.curate.gates.verify.gate import TaskFolder

    reads.note("fact:verify")
    cache = task.store_path.with_name("checks.db")
    return {"task": TaskFolder(task.path.parent, seeds.select("seed_id", "fields", "gold"), cache)}


def faults(spec: TaskSpec, file: Path) -> list[Fault]:
    """A file that is missing, lies outside the task's folder, cannot be parsed or defines no such function."""
    return [
        Fault(f"{file}: gates[{number}].verify", str(fault))
        for number, function in _functions(spec).items()
        for fault in source_faults(function, file.parent)
    ]


def fingerprints(task: Task) -> list[str]:
    """What the results of the task's functions depend on; empty where no gate runs one."""
    return [fingerprint(function, task.path.parent) for function in _functions(task.spec).values()]


def import_all(task: Task) -> None:
    """Import the functions' files where they will run, before anything is paid for; SpecError where that fails."""
    gates = task.spec.gate_settings()
    for number, function in _functions(task.spec).items():
        settings = VerifySettings.model_validate(gates[number][1])
        import_once(function, task.path.parent, megabytes=settings.megabytes)


def stop_if_useless(funnel: Sequence[FunnelLine]) -> None:
    """UsageError where the function could judge none of many answers: more of them would be paid for in vain."""
    for line in funnel:
        if line.stage == "verify" and line.entered >= _MANY and line.dropped == {"unscored": line.entered}:
            raise UsageError(
                f"verify could judge none of {line.entered} answers, so no more are asked: {line.warning} "
                "Fix the function and run again; all answers are kept."
            )


def _functions(spec: TaskSpec) -> Mapping[int, str]:
    """Number of the gate → the function that it names. One that is no text is a fault of the gate's settings."""
    gates = enumerate(spec.gate_settings())
    named = {number: settings.get("function", FUNCTION) for number, (name, settings) in gates if name == "verify"}
    return {number: function for number, function in named.items() if isinstance(function, str)}
