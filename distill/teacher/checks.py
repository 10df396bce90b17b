"""What is wrong with the models that a spec names, found before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from distill.errors import Fault
from distill.spec import SEVERAL, Endpoints, TaskSpec
from distill.teacher.endpoint.address import local


def teacher_faults(spec: TaskSpec, env: Mapping[str, str], file: Path) -> list[Fault]:
    """Headers without a value, models that are named twice, and batches at several endpoints."""
    return [*_headers(spec, env, file), *_repeated_models(spec, file), *_batches(spec, file)]


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
    first, seen, faults = spec.teacher, dict[tuple[object, ...], str](), []
    for where, model in spec.models:
        role = where.partition(".")[0]
        if role not in ("teacher", "judge"):
            continue
        sampling = model.sampling.over(first.sampling) if model.sampling else first.sampling
        at = model.base_url or first.base_url
        key = (role, model.model, SEVERAL if isinstance(at, Endpoints) else at, model.api, sampling.model_dump_json())
        if key in seen:
            said = f"asks {model.model!r} the very same as {seen[key]}; name another model"
            faults.append(Fault(f"{file}: {where}", said))
        seen.setdefault(key, where)
    return faults


def _batches(spec: TaskSpec, file: Path) -> list[Fault]:
    """A batch is a file at one host, which alone knows of it. Files in a folder go to nobody in particular."""
    first, faults = spec.teacher, []
    for where, model in spec.models:
        at = model.base_url or first.base_url
        spread = model.each_address or (model.base_url is None and first.each_address)
        if model.mode in ("live", "file") or local(model.model) or not (spread or isinstance(at, Endpoints)):
            continue
        several = f"base_url lists {len(at)}" if isinstance(at, Endpoints) else "each_address is set"
        said = f"`{model.mode}` puts batches at one endpoint, and {several}; write mode: live, or one address as this model's base_url"
        faults.append(Fault(f"{file}: {where}.mode", said))
    return faults
