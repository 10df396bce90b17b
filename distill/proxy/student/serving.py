"""The student that the registry's alias leads to, ready to be asked: its routes, and the shape of its task's calls.

A folder of routes that was named must be of the run that serves. Where none is, one is written under `.distill/proxy/`, once for each student.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from distill.errors import UsageError
from distill.evaluate.blend.table import table_of
from distill.lifecycle.logs.task_shape import TaskShape
from distill.lifecycle.registry.candidate import candidate_of
from distill.lifecycle.registry.integrity import compared
from distill.lifecycle.registry.student import RegisteredStudent
from distill.lifecycle.registry.task_registry import TaskRegistry
from distill.pipeline import arguments
from distill.pipeline.open_task import open_task
from distill.proxy.settings import ProxySettings, StudentSettings
from distill.proxy.student.asking import StudentAsker
from distill.ship.routes import plan as plans
from distill.ship.routes.answering import OpenedRoutes
from distill.ship.routes.load import load
from distill.ship.routes.write import write
from distill.task import used_spec
from distill.task.task import Task

if TYPE_CHECKING:
    from openai import AsyncOpenAI


@dataclass(frozen=True, slots=True)
class ServingStudent:
    """One student; `task` is as its spec says now."""

    number: int
    name: str
    run: str
    asker: StudentAsker
    shape: TaskShape
    task: Task


def own_folder(settings: ProxySettings) -> Path:
    """What the proxy of a task keeps for itself."""
    return settings.home / ".distill" / "proxy" / settings.task


def signature(settings: ProxySettings, student: StudentSettings) -> tuple[str, float]:
    """What changes when another student serves, or the named routes were written anew."""
    file = student.routes / plans.FILE if student.routes else None
    written = file.stat().st_mtime if file is not None and file.is_file() else 0.0
    return TaskRegistry(settings.home, settings.task).current(), written


def serving(settings: ProxySettings, student: StudentSettings, pool: ThreadPoolExecutor) -> ServingStudent:
    """The student of the alias; UsageError where there is none that can answer."""
    registry = TaskRegistry(settings.home, settings.task)
    current = registry.current()
    if not current:
        raise UsageError(f"no student of {settings.task} is promoted; `distill promote {settings.task}` does")
    entry = registry.read(current)
    task = open_task(student.spec, overrides=list(student.overrides), env=student.env, home=settings.home, priced=False)
    routes = _routes(settings, student, entry)
    asker = StudentAsker(routes, _client(student, routes), pool)
    return ServingStudent(
        entry.number, f"student {entry.number} of {registry.name}", entry.run, asker, TaskShape.of(task), task
    )


def _routes(settings: ProxySettings, student: StudentSettings, entry: RegisteredStudent) -> OpenedRoutes:
    folder = student.routes or own_folder(settings) / "routes" / entry.folder.rpartition("/")[2]
    if student.routes is None and not (folder / plans.FILE).is_file():
        _write_routes(settings, student, entry.run, folder)
    routes = load(folder).routes
    file = entry.files.get(entry.serve.get("linear") or entry.serve.get("embedding") or "")
    if routes.plan.run != entry.run or (file is not None and file.hash != routes.plan.hashes["student"]):
        raise UsageError(
            f"{folder} is of {routes.plan.run}, and the student of {entry.run} serves; `distill routes {entry.run} --out DIR` writes its routes"
        )
    return routes


def _write_routes(settings: ProxySettings, student: StudentSettings, name: str, folder: Path) -> None:
    """Those of the run, with the threshold that `distill routes` chooses."""
    run = arguments.run_of(name, settings.home)
    candidate_of(run, name)  # UsageError where the student is not as it was compared
    task = open_task(
        arguments.spec_of(run.path),
        overrides=used_spec.as_asked(run.path),
        env=student.env,
        home=run.home,
        priced=False,
    )
    write(task, run, table_of(compared(run), other="teacher", keep=None), folder)


def _client(student: StudentSettings, routes: OpenedRoutes) -> AsyncOpenAI | None:
    """For a language model; UsageError where nobody says who serves it."""
    plan = routes.plan
    if routes.linear is not None:
        return None
    url = student.url or plan.student.base_url
    if url is None:
        raise UsageError(
            f"the student of {plan.run} is a language model; --student-url says which server has it, as the model {plan.student.model!r}"
        )
    from openai import AsyncOpenAI

    key = student.env.get(student.key_env or plan.student.key_env or "") or "none"
    return AsyncOpenAI(base_url=url, api_key=key, max_retries=0, timeout=student.timeout_s)
