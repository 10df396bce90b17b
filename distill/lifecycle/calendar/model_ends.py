"""Until when the models of a task are there.

The spec's own `shutdown_date` goes first, then what the host said when it was asked last, then our table of hosts. A model on this machine
is there as long as its files are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from distill.lifecycle.calendar import told
from distill.lifecycle.calendar.result import HostCloses, ModelEnd, ServingStudent
from distill.records import Json
from distill.spec import TaskSpec
from distill.student.preflight import hosts
from distill.teacher.endpoint import models, student_base
from distill.teacher.endpoint.address import Address

SERVING = "serving"
BASE = "student.train.base"


class UsedModel(NamedTuple):
    """A model of a task at a host: the setting that names it, where it is, and the day that the spec says."""

    role: str
    address: Address
    given: str | None


def used_models(spec: TaskSpec, env: Mapping[str, str]) -> Iterator[UsedModel]:
    """Every model that the spec names, and the base of a student that a host tunes."""
    first = spec.teacher
    for role, one in spec.models:
        yield UsedModel(role, models.asked(one, first, env, first.sampling).address, one.shutdown_date)
    if spec.student.train.with_ == "hosted":
        yield UsedModel(BASE, student_base.address(spec, None, env), spec.student.train.shutdown_date)


def model_ends(
    spec: TaskSpec, env: Mapping[str, str], said: Mapping[str, told.ToldDate], today: date
) -> list[ModelEnd]:
    """Each model of the spec once, with its end."""
    found: dict[tuple[str, str], ModelEnd] = {}
    for used in used_models(spec, env):
        at = "" if used.address.local or used.address.by_file else hosts.at(used.address.base_url).name
        day, source = _end(used, said)
        found.setdefault(
            (used.address.model, at),
            ModelEnd(used.role, used.address.model, at, day, days_until(day, today), source),
        )
    return list(found.values())


def serving_end(
    student: ServingStudent, train: Mapping[str, Json], spec: TaskSpec | None, today: date
) -> ModelEnd | None:
    """The end of the base of the student that serves, where a host has it and the spec names another one by now."""
    if student.how != "hosted" or (spec is not None and spec.student.train.base == student.base):
        return None
    host = hosts.at(train.get("base_url"))
    known = hosts.base_of(host, student.base)
    day = known.shutdown.isoformat() if known and known.shutdown else None
    return ModelEnd(SERVING, student.base, host.name, day, days_until(day, today), _TABLE if day else "")


def host_closes(spec: TaskSpec, today: date) -> HostCloses | None:
    """The last day on which the host of the spec tunes anything, where it has one."""
    train = spec.student.train
    if train.with_ != "hosted":
        return None
    host = hosts.at(train.tuning_url)
    if host.closes is None:
        return None
    return HostCloses(host.name, host.closes.isoformat(), (host.closes - today).days)


_TABLE = f"table of {hosts.AS_OF}"


def _end(used: UsedModel, said: Mapping[str, told.ToldDate]) -> tuple[str | None, str]:
    if used.given is not None:
        return used.given, "spec"
    if used.address.local or used.address.by_file:
        return None, ""
    if (kept := said.get(told.key_of(used.address))) is not None:
        return kept.shutdown_date, f"host, asked {kept.asked}"
    known = hosts.base_of(hosts.at(used.address.base_url), used.address.model)
    return (known.shutdown.isoformat(), _TABLE) if known and known.shutdown else (None, "")


def days_until(day: str | None, today: date) -> int | None:
    """Days from today; negative where the day is past."""
    return None if day is None else (date.fromisoformat(day) - today).days
