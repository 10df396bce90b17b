"""A folder that `distill routes --out` wrote, opened to answer rows; UsageError names a file that is gone, torn or of another student."""

from __future__ import annotations

import json
from pathlib import Path

from distill.chat import templates
from distill.chat.templates import Template
from distill.errors import UsageError
from distill.evaluate.selective import nearness
from distill.records import Json
from distill.rundir import file_hash
from distill.ship.routes import plan as plans
from distill.ship.routes.answering import OpenedRoutes
from distill.ship.routes.plan import AskedModel, RoutePlan
from distill.ship.routes.router import Router
from distill.student import linear

_AGAIN = "write the folder anew with `distill routes {run} --out DIR`"


def load(folder: Path) -> Router:
    """All faults are found here, so that no row meets one."""
    if not (folder / plans.FILE).is_file():
        raise UsageError(f"no {plans.FILE} in {folder}; `distill routes RUN --out DIR` writes one")
    plan = plans.read(folder)
    if plan.version > plans.VERSION:
        raise UsageError(
            f"{folder / plans.FILE} is of version {plan.version}, and this distill reads {plans.VERSION}; update distill"
        )
    again = _AGAIN.format(run=plan.run)
    gone = [name for name in _files(plan) if not (folder / name).is_file()]
    if gone:
        raise UsageError(f"{', '.join(gone)} of {folder} {'is' if len(gone) == 1 else 'are'} not there; {again}")
    model = linear.load(folder / plan.linear) if plan.linear else None
    if model is not None and file_hash(folder / plan.linear) != plan.hashes["student"]:
        raise UsageError(
            f"{folder / plan.linear} is another student than the one that the threshold was set on; {again}"
        )
    opened = OpenedRoutes(
        plan=plan, prompts={"student": _prompt(folder, plan.student), "teacher": _prompt(folder, plan.other)},
        output=_json(folder, plan.schema, again), tools=_json(folder, plan.tools, again) or (),
        near=nearness.load(folder / plan.vectors, plan.floor), linear=model,
    )  # fmt: skip
    return Router(opened)


def _files(plan: RoutePlan) -> list[str]:
    named = [plan.student.prompt, plan.other.prompt, plan.vectors, plan.schema, plan.tools, plan.linear]
    return sorted({name for name in named if name})


def _prompt(folder: Path, asked: AskedModel) -> Template:
    return templates.parse((folder / asked.prompt).read_text(encoding="utf-8"), asked.prompt)


def _json(folder: Path, name: str, again: str) -> Json:
    if not name:
        return None
    try:
        return json.loads((folder / name).read_bytes())
    except (OSError, ValueError) as fault:
        raise UsageError(f"{folder / name} cannot be read ({str(fault)[:100]}); {again}") from None
