"""distill: from a task spec to a small model that does the task, with proof of whether it was worth it.

    import distill

    task = distill.open_task("prompts/support-triage")
    run = distill.run(task)
    run.verdict, run.dataset, run.dropped

All public names are in `__all__`; each is imported when it is first used. The command line is `distill --help`, the words used
here are explained in docs/concepts.md, and docs/python.md shows more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill import errors as errors
    from distill import stats as stats
    from distill.api import aio as aio
    from distill.api import stages as stages
    from distill.api.curation import balance as balance
    from distill.api.curation import gate as gate
    from distill.api.linear import load_linear as load_linear
    from distill.api.routes import load_routes as load_routes
    from distill.api.stages import open_task as open_task
    from distill.api.stages import plan_refresh as plan_refresh
    from distill.api.stages import refresh as refresh
    from distill.api.stages import run as run
    from distill.curate.gates.registry import run_gates as run_gates
    from distill.exam.result import Exam as Exam
    from distill.pipeline.result import Run as Run
    from distill.similarity.pairs import near_pairs as near_pairs
    from distill.tables.outcome import Outcome as Outcome
    from distill.task.task import Task as Task
    from distill.views.preflight import preflight as preflight

__version__ = "0.1.0"

_PLACES = {
    "Exam": "distill.exam.result",
    "Outcome": "distill.tables.outcome",
    "Run": "distill.pipeline.result",
    "Task": "distill.task.task",
    "aio": "distill.api",
    "balance": "distill.api.curation",
    "errors": "distill",
    "gate": "distill.api.curation",
    "load_linear": "distill.api.linear",
    "load_routes": "distill.api.routes",
    "near_pairs": "distill.similarity.pairs",
    "open_task": "distill.api.stages",
    "plan_refresh": "distill.api.stages",
    "preflight": "distill.views.preflight",
    "refresh": "distill.api.stages",
    "run": "distill.api.stages",
    "run_gates": "distill.curate.gates.registry",
    "stages": "distill.api",
    "stats": "distill",
}
"""Public name → the module that defines it, or the package that holds the module of that name."""

__all__ = (
    "Exam", "Outcome", "Run", "Task", "aio", "balance", "errors", "gate", "load_linear", "load_routes", "near_pairs", "open_task", "plan_refresh",
    "preflight", "refresh", "run", "run_gates", "stages", "stats",
)  # fmt: skip


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


if not TYPE_CHECKING:  # or a checker would take every name for a public one

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            raise AttributeError(f"module 'distill' has no attribute {name!r}; its names are {', '.join(__all__)}")
        import importlib
        import sys

        if sys.platform == "win32" and name != "errors":
            raise ImportError(importlib.import_module("distill.errors").NOT_HERE)
        place = _PLACES[name]
        if place in ("distill", "distill.api"):
            return importlib.import_module(f"{place}.{name}")
        return getattr(importlib.import_module(place), name)
