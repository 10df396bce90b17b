"""What is wrong with the models that a spec names, found before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from distill.errors import Fault
from distill.spec import TaskSpec


def teacher_faults(spec: TaskSpec, env: Mapping[str, str], file: Path) -> list[Fault]:
    """Headers without a value, and models that are named twice."""
    return [*_headers(spec, env, file), *_repeated_models(spec, file)]


def _headers(spec: TaskSpec, env: Mapping[str, str], file: Path) -> list[Fault]:
    """Headers whose value is a variable that is not set."""
    return [
        Fault(f"{file}: {where}.headers.{name}", f"the variable {value} is not set; export it, or take the header out")
        for where, model in spec.models
        for name, value in model.headers.items()
        if value.startswith("$") and not env.get(value[1:])
    ]


def _repeated_models(spec: TaskSpec, file: Path) -> list[Fault]:
    """Teachers, or judges, that would be asked the very same: their answers are one, and would be paid twice."""
    first, seen, faults = spec.teacher, dict[tuple[str | None, ...], str](), []
    for where, model in spec.models:
        role = where.partition(".")[0]
        if role not in ("teacher", "judge"):
            continue
        sampling = model.sampling.over(first.sampling) if model.sampling else first.sampling
        key = (role, model.model, model.base_url or first.base_url, model.api, sampling.model_dump_json())
        if key in seen:
            said = f"asks {model.model!r} the very same as {seen[key]}; name another model"
            faults.append(Fault(f"{file}: {where}", said))
        seen.setdefault(key, where)
    return faults
