"""The task's own function, where a gate `verify` runs one: its file, its faults, and what hangs on it.

It is a file of the task's folder; it is read and parsed here, and runs only in processes of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill import reads
from distill.curate.gates.settings import FUNCTION, VerifySettings
from distill.errors import Fault, UsageError
from distill.spec import TaskSpec

if TYPE_CHECKING:
    import polars as pl

    from distill.task.task import Task

_MANY = 20
"""Answers of which a function that works judges one at least."""


def given(task: Task, seeds: pl.DataFrame) -> dict[str, Any]:
    """What the gate has from the task beside its settings; verdicts are kept beside the answers."""
    from distill.curate.gates.verify.gate import TaskFolder

    reads.note("fact:verify")
    cache = task.store_path.with_name("checks.db")
    return {"task": TaskFolder(task.path.parent, seeds.select("seed_id", "fields", "gold"), cache)}


def faults(spec: TaskSpec, file: Path) -> list[Fault]:
    """A file that is missing, lies outside the task's folder, cannot be parsed or defines no such function."""
    from distill.curate.gates.verify import gate

    return [
        Fault(f"{file}: gates[{number}].verify", str(fault))
        for number, function in _functions(spec).items()
        for fault in gate.faults(function, file.parent)
    ]


def fingerprints(task: Task) -> list[str]:
    """What the verdicts of the task's functions depend on; empty where no gate runs one."""
    from distill.curate.gates.verify import gate

    return [gate.fingerprint(function, task.path.parent) for function in _functions(task.spec).values()]


def importable(task: Task) -> None:
    """Import the function's file where it will run: one that cannot be is told before anything is paid for."""
    from distill.curate.gates.verify import gate

    for number, function in _functions(task.spec).items():
        settings = VerifySettings.model_validate(task.spec.gate_settings()[number][1])
        gate.importable(function, task.path.parent, megabytes=settings.megabytes)


def hopeless(funnel: Sequence[Mapping[str, Any]]) -> None:
    """UsageError where the function could judge none of many answers: more of them would be paid for in vain."""
    for step in funnel:
        if step["stage"] == "verify" and step["in"] >= _MANY and step["dropped"] == {"unscored": step["in"]}:
            raise UsageError(
                f"verify could judge none of {step['in']} answers, so no more are asked: {step.get('warning', '')} "
                "Fix the function and run again; all answers are kept."
            )


def _functions(spec: TaskSpec) -> Mapping[int, str]:
    """Number of the gate → the function that it names; one that is no text is the gate's own fault to tell."""
    named = {
        n: given.get("function", FUNCTION) for n, (name, given) in enumerate(spec.gate_settings()) if name == "verify"
    }
    return {number: function for number, function in named.items() if isinstance(function, str)}
