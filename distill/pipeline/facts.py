"""What a stage reads that is neither a setting nor a file: of the store, the manifest, the task's own function.

Each is noted as a whole, `fact:ledger`, and is cheap to look up again without doing the stage.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from distill import reads
from distill.curate.dedup import rulings as disputes
from distill.curate.gates.verify import function
from distill.records import Json
from distill.report import served_models
from distill.report import timeline as story
from distill.report.served_models import Named
from distill.teacher import counts
from distill.teacher.store.store import Spend

if TYPE_CHECKING:
    from distill.task.stage import Run

T = TypeVar("T")


def owed(run: Run) -> int:
    """Rows that the last `generate` left without an answer or a verdict."""
    return _noted("owed", run, _owed)


def rulings(run: Run) -> dict[str, str]:
    """What a person decided about rows in conflict. The file itself is no read: `curate` writes it too."""
    return _noted("rulings", run, _rulings)


def ledger(run: Run) -> list[Spend]:
    """What the run has sent and paid, a row a spender."""
    return _noted("ledger", run, _ledger)


def odd_counts(run: Run) -> dict[str, list[str]]:
    """Spender → what is odd about its endpoint's counts of tokens."""
    return _noted("odd_counts", run, _odd_counts)


def timeline(run: Run) -> dict[str, Any] | None:
    """The batches and live calls of the run, and its deadline; None without a batch."""
    return _noted("timeline", run, _timeline)


def models(run: Run) -> list[Named]:
    """The models that answered though another was asked."""
    return _noted("models", run, served_models.others)


def name(run: Run) -> str:
    """What the run is called; one that begins as a copy of another has a name of its own."""
    return _noted("name", run, lambda run: run.folder.name)


def parent_teacher(run: Run) -> str:
    """The teacher of the run that this one refreshes."""
    return _noted("parent_teacher", run, _parent_teacher)


def now(fact: str, run: Run) -> Json:
    """A fact as JSON; `verify` and `parent` are noted where they are read."""
    return _FACTS[fact](run) if fact in _FACTS else "absent"


def _noted(fact: str, run: Run, found: Callable[[Run], T]) -> T:
    reads.note(f"fact:{fact}")
    with reads.unrecorded():
        return found(run)


def _owed(run: Run) -> int:
    return int(run.folder.manifest()["stages"].get("generate", {}).get("owed", 0))


def _rulings(run: Run) -> dict[str, str]:
    return disputes.rulings(run.project, run.folder, run.parent)


def _ledger(run: Run) -> list[Spend]:
    return run.store.ledger(run.folder.name)


def _odd_counts(run: Run) -> dict[str, list[str]]:
    return counts.of_run(run.store, run.folder.name)


def _timeline(run: Run) -> dict[str, Any] | None:
    return story.night(run.store, run.folder.name, run.folder.manifest().get("deadline"), _owed(run))


def _parent_teacher(run: Run) -> str:
    return str(run.parent.manifest().get("teacher", "?")) if run.parent else ""


_FACTS: Mapping[str, Callable[[Run], Json]] = {
    "owed": _owed,
    "rulings": _rulings,
    "ledger": lambda run: [dataclasses.astuple(row) for row in _ledger(run)],
    "odd_counts": _odd_counts,
    "timeline": _timeline,
    "parent_teacher": _parent_teacher,
    "models": lambda run: [list(one) for one in served_models.others(run)],
    "verify": lambda run: function.fingerprints(run.project),
    "name": lambda run: run.folder.name,
    "parent": lambda run: run.parent.name if run.parent else None,
}
