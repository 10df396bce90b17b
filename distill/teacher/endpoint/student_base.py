"""The student's base: its weights on this machine, or where it answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from distill import reads
from distill.base_model.local import LocalWeights
from distill.money import Rate
from distill.spec import TaskSpec
from distill.teacher.endpoint import models, wire
from distill.teacher.endpoint.address import Address, local
from distill.teacher.engines import embedded


def weights(spec: TaskSpec, folder: Path, home: Path) -> LocalWeights | None:
    """The base's weights, where the student is tuned on this machine; `folder` is the spec's."""
    student = spec.student
    if not student.train.local:
        return None
    if student.train.base != embedded.MODEL:
        reads.note("fact:base")  # whatever lies there
    name = str(embedded.gguf()) if student.train.base == embedded.MODEL else student.train.base
    template = folder / student.template if student.template else None
    thinks = spec.teacher.reasoning == "keep"
    return LocalWeights(name, folder, home / ".distill" / "base", template, thinks)


def address(spec: TaskSpec, found: LocalWeights | None, env: Mapping[str, str]) -> Address:
    """Where the base answers; `found` are its weights, where they are on this machine."""
    train, serve, timeout_s = spec.student.train, spec.student.serve, spec.teacher.limits.timeout_s
    if train.with_ == "full" and "://" not in serve:
        serve = "transformers"  # what answers for the student, whose weights are no file of llama.cpp
    if found is not None and "://" in serve:
        key = wire.stripped(env.get(train.tuning_key_env))
        return Address(
            model=train.base, base_url=serve, key=key, key_env=train.tuning_key_env, rate=Rate(0, 0), timeout_s=timeout_s
        )  # fmt: skip
    if found is not None and (not local(train.base) or serve == "transformers"):
        engine = "transformers" if serve == "transformers" or not found.llama_cpp else "llama.cpp"
        return Address(model=train.base, weights=found, engine=engine, rate=Rate(0, 0), timeout_s=timeout_s)
    return models.address(train.base, train.tuning_url, train.tuning_key_env, env, train.price, timeout_s=timeout_s)
