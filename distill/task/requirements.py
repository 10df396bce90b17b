"""What a task needs of this machine and of its user before it can run: packages, embedded models, prices, keys.

Packages, models and prices that are missing are faults of the spec; a key may still come, so it is a warning.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from distill import extras, url
from distill.errors import Fault, UsageError
from distill.money import price_of
from distill.spec import Places, TaskSpec, path_of
from distill.task.task import Task
from distill.teacher.endpoint.address import Address
from distill.teacher.engines import embedded
from distill.text.normalise import did_you_mean

_EMBEDDED = "embedded/"


def faults(spec: TaskSpec, file: Path, places: Places, env: Mapping[str, str], *, priced: bool) -> list[Fault]:
    """Embedded models that are not known, packages that are not installed, an address of the environment that is none, and
    with `priced` prices under a budget.
    """
    found = [(f"{where}.model", one.model) for where, one in spec.models]
    if _asks_base(spec):
        found.append(("student.train.base", spec.student.train.base))
    unknown = [(where, name) for where, name in found if name.startswith(_EMBEDDED) and name != embedded.MODEL]
    wrong = [
        Fault(f"{file}: {where}", f"no embedded model {name!r}{did_you_mean(name, [embedded.MODEL])}")
        for where, name in unknown
    ]
    address = env.get("OPENAI_BASE_URL")
    if (
        address
        and (said := url.wrong(address))
        and any(one.base_url is None and one.mode != "file" for _, one in spec.models)
    ):
        wrong.append(Fault("the environment", f"OPENAI_BASE_URL {said}"))
    return wrong + _packages(spec, found, file) + (_prices(spec, file, places) if priced else [])


def _asks_base(spec: TaskSpec) -> bool:
    """Whether the student's base is asked for anything, or tuned."""
    return (
        spec.student.train.local
        or spec.student.train.with_ == "hosted"
        or bool({"base", "prompted_base", "few_shot"} & set(spec.arms))
    )


def _packages(spec: TaskSpec, named: Sequence[tuple[str, str]], file: Path) -> list[Fault]:
    needs = [(where, name, "embedded") for where, name in named if name == embedded.MODEL][:1]
    if spec.student.train.local:
        needs.append(("student.train.with", spec.student.train.with_, "train"))
    found = _training(spec, file)
    if spec.dedup.meaning is not None:
        needs.append(("dedup.meaning", f"{spec.dedup.meaning:g}", "meaning"))
    if spec.student.train.with_ == "embedding":
        needs.append(("student.train.with", "embedding", "meaning"))
    for where, value, extra in needs:
        if gone := extras.missing(extra):
            said = f"{value!r} needs {', '.join(gone)}, which {'is' if len(gone) == 1 else 'are'} not installed"
            found.append(Fault(f"{file}: {where}", f"{said}; {extras.hint(extra)}"))
    return found


def _training(spec: TaskSpec, file: Path) -> list[Fault]:
    """What a training asks of this machine beside the extra `train`."""
    train, found = spec.student.train, []
    if not train.local:
        return []
    gpu = sys.platform != "linux" or Path("/dev/nvidiactl").exists()
    if train.bits is not None and not (gpu and extras.here("bitsandbytes")):
        said = f"{train.bits} bits need an NVIDIA GPU and the package bitsandbytes, which are not here; take `bits` out (or the preset qlora)"
        found.append(Fault(f"{file}: student.train.bits", said))
    if train.track is not None and not extras.here(train.track):
        found.append(
            Fault(
                f"{file}: student.train.track", f"the package {train.track} is not installed; pip install {train.track}"
            )
        )
    return found


def _prices(spec: TaskSpec, file: Path, places: Places) -> list[Fault]:
    """Models without a price under a budget, which could then not be held; a name that is wrong is a fault already."""
    if spec.budget.usd is None:
        return []
    called = [(where, one) for where, one in spec.models if one.mode != "file"]  # files cost what the spec says
    priced = [(where, "model", one.model, one.price, one.base_url) for where, one in called]
    base = spec.student.train
    if _asks_base(spec) and not base.local:  # what is tuned here answers here, or at a server of one's own, at no price
        priced.append(("student.train", "base", base.base, base.price, base.base_url))
    found = []
    for where, setting, name, price, address in priced:
        if price is None and price_of(name) is None and places.sound(path_of(f"{where}.{setting}")):
            urls = (address,) if isinstance(address, str) else address or ()
            free = (
                " (a server of your own costs nothing: {input: 0, output: 0})"
                if urls and all(map(url.own, urls))
                else ""
            )
            found.append(Fault(f"{file}: {where}.price", _unpriced(name, where) + free))
    return found


def _unpriced(model: str, where: str) -> str:
    return (
        f"no price is known for {model!r}, so budget.usd cannot be enforced; "
        f"give {where}.price: {{input: …, output: …}} in dollars per million tokens, or take the budget out"
    )


def named(task: Task) -> list[tuple[str, Address]]:
    """Every model that the spec names, by the setting that names it; what stands for another setting's model is left out."""
    way = "panel" if task.spec.teacher.panel else "fallback"
    found = [(f"teacher.{way}[{n - 1}]" if n else "teacher", one.address) for n, one in enumerate(task.teachers)]
    judges = bool(task.spec.judge and task.spec.judge.models)
    found += [(f"judge.models[{n}]", one.address) for n, one in enumerate(task.judges) if judges]
    of_tests = bool(task.spec.evaluate.judge and task.spec.evaluate.judge.models)
    found += [(f"evaluate.judge.models[{n}]", one.address) for n, one in enumerate(task.evaluation_judges) if of_tests]
    found += [(f"strata.labels.{name}.model", task.labeller(name).address) for name in task.spec.strata.asked]
    found += [(f"evaluate.rivals.{name}", one.address) for name, one in task.rivals.items()]
    if task.spec.seeds.expand is not None:
        found.append(("seeds.expand.model", task.seed_generator.address))
    return [*found, ("student.train", task.base)]


def need_price(task: Task) -> None:
    """A budget over a model without a price is no wall: refuse before the first send."""
    if task.spec.budget.usd is None:
        return
    for where, address in named(task):
        if address.price is None:
            raise UsageError(_unpriced(address.model, where))
    train = task.spec.student.train
    if train.with_ == "hosted" and "student" in task.spec.arms and not (train.tuned_price or train.price):
        raise UsageError(
            "no price is known for the model that the host will have tuned (hosts charge more for it than for its base), so "
            "budget.usd cannot be held; give student.train.tuned_price: {input: …, output: …} in dollars per million tokens"
        )


def warnings(task: Task) -> list[str]:
    """The keys that are not there yet, each variable once."""
    found = {}
    for address in _addresses(task):
        if address.keyless:
            found[address.key_env] = (
                f"no ${address.key_env} yet, which {address.model!r} needs; export it before `distill run`"
                if address.key_env
                else f"{address.model!r} at {address.shown} needs a key, and no key_env names its variable; name it"
            )
    return list(found.values())


def keys(task: Task, *, answered: bool) -> None:
    """AccessRefused where a key is missing that the first run of a project needs, before its teacher is paid. With answers in
    the store, which may be all that is needed, the first call that goes out says so; a further teacher may stand in for one.
    """
    if answered:
        return
    for address in _addresses(task)[0 if len(task.teachers) == 1 else len(task.teachers) :]:
        address.check()


def _addresses(task: Task) -> list[Address]:
    return task.addresses + ([task.base] if _asks_base(task.spec) else [])
