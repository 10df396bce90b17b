"""What a task needs of this machine and of its user before it can run: packages, embedded models, prices, keys.

Packages, models and prices that are missing are faults of the spec; a key may still come, so it is a warning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distill import extras, spec, url
from distill.errors import Fault
from distill.money import price_of
from distill.teacher.endpoint import embedded
from distill.text.normalise import did_you_mean

if TYPE_CHECKING:
    from distill.task.task import Project
    from distill.teacher.endpoint.address import Address

_EMBEDDED = "embedded/"


def models(task: spec.TaskSpec) -> list[tuple[str, spec.Colleague]]:
    """Every model that a spec names but the student's base, by the setting that names it."""
    teacher, expand = task.teacher, task.seeds.expand
    way = "panel" if teacher.panel else "fallback"
    found: list[tuple[str, spec.Colleague]] = [("teacher", teacher)]
    found += [(f"teacher.{way}[{n}]", one) for n, one in enumerate((*teacher.fallback, *teacher.panel))]
    found += [(f"judge.models[{n}]", one) for n, one in enumerate(task.judge.models if task.judge else [])]
    found += [(f"strata.labels.{name}.model", one.model) for name, one in task.strata.asked.items() if one.model]
    return found + ([("seeds.expand.model", expand.model)] if expand and expand.model else [])


def faults(
    task: spec.TaskSpec, file: Path, places: spec.Places, env: Mapping[str, str], *, priced: bool
) -> list[Fault]:
    """Embedded models that are not known, packages that are not installed, an address of the environment that is none, and
    with `priced` prices under a budget.
    """
    found = [(f"{where}.model", one.model) for where, one in models(task)]
    if _asks_base(task):
        found.append(("student.train.base", task.student.train.base))
    unknown = [(where, name) for where, name in found if name.startswith(_EMBEDDED) and name != embedded.MODEL]
    wrong = [
        Fault(f"{file}: {where}", f"no embedded model {name!r}{did_you_mean(name, [embedded.MODEL])}")
        for where, name in unknown
    ]
    address = env.get("OPENAI_BASE_URL")
    if address and (said := url.wrong(address)) and any(one.base_url is None for _, one in models(task)):
        wrong.append(Fault("the environment", f"OPENAI_BASE_URL {said}"))
    prices = [
        (where, fault)
        for where, fault in (_prices(task, file) if priced else [])
        if places.sound(spec.path_of(where))  # a name that is wrong has no price, and is told already
    ]
    return wrong + _packages(task, found, file) + [fault for _, fault in prices]


def _asks_base(task: spec.TaskSpec) -> bool:
    """Whether the student's base is asked for anything, or tuned."""
    return task.student.train.with_ != "none" or bool({"base", "prompted_base"} & set(task.evaluate.arms))


def _packages(task: spec.TaskSpec, named: Sequence[tuple[str, str]], file: Path) -> list[Fault]:
    needs = [(where, name, "embedded") for where, name in named if name == embedded.MODEL][:1]
    if task.student.train.with_ == "lora":
        needs.append(("student.train.with", "lora", "train"))
    if task.dedup.meaning is not None:
        needs.append(("dedup.meaning", f"{task.dedup.meaning:g}", "meaning"))
    found = []
    for where, value, extra in needs:
        if gone := extras.missing(extra):
            said = f"{value!r} needs {', '.join(gone)}, which {'is' if len(gone) == 1 else 'are'} not installed"
            found.append(Fault(f"{file}: {where}", f"{said}; {extras.hint(extra)}"))
    return found


def _prices(task: spec.TaskSpec, file: Path) -> list[tuple[str, Fault]]:
    """The setting of each model's name, and its fault: models without a price under a budget, which could then not be held."""
    if task.budget.usd is None:
        return []
    priced = [(where, "model", one.model, one.price, one.base_url) for where, one in models(task)]
    base = task.student.train
    if _asks_base(task):
        priced.append(("student.train", "base", base.base, base.price, base.base_url))
    found = []
    for where, setting, name, price, address in priced:
        if price is None and price_of(name) is None:
            free = "a server of your own costs nothing: {input: 0, output: 0}; " if address and url.own(address) else ""
            said = f"no price is known for {name!r}, so budget.usd cannot be enforced; "
            said += f"give {where}.price: {{input: …, output: …}} in dollars per million tokens, or take the budget out"
            fault = Fault(f"{file}: {where}.price", said + (f" ({free.rstrip('; ')})" if free else ""))
            found.append((f"{where}.{setting}", fault))
    return found


def warnings(project: Project) -> list[str]:
    """The keys that are not there yet, each variable once."""
    found = {}
    for address in _addresses(project):
        if address.keyless:
            found[address.key_env] = (
                f"no ${address.key_env} yet, which {address.model!r} needs; export it before `distill run`"
                if address.key_env
                else f"{address.model!r} at {address.url} needs a key, and no key_env names its variable; name it"
            )
    return list(found.values())


def keys(project: Project, *, answered: bool) -> None:
    """AccessRefused where a key is missing that the first run of a project needs, before its teacher is paid. With answers in
    the store, which may be all that is needed, the first call that goes out says so; a further teacher may stand in for one.
    """
    if answered:
        return
    for address in _addresses(project)[0 if len(project.teachers) == 1 else len(project.teachers) :]:
        address.check()


def _addresses(project: Project) -> list[Address]:
    found = [*(one.address for one in project.teachers), *(one.address for one in project.judges)]
    found += [project.labeller(name).address for name in project.spec.strata.asked]
    found += [project.maker.address] if project.spec.seeds.expand else []
    return found + ([project.base] if _asks_base(project.spec) else [])
