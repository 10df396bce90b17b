"""What stages read that is neither a setting nor a file: of the store, the manifest, the task's own function.

Each is noted as a whole, `fact:ledger`, where a stage reads it (`ActiveRun.fact`), and is cheap to look up again without doing the stage.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from distill.curate.dedup import decisions
from distill.curate.gates.verify import function
from distill.evaluate.scoring import own
from distill.generate import served_models
from distill.records import Json
from distill.report import timeline
from distill.report.sections.changes import run_before
from distill.task.run import ActiveRun, endpoints, ledger, parent_teacher
from distill.teacher import counts

FACTS: Mapping[str, Callable[[ActiveRun], Json]] = {
    "base": lambda run: run.task.base_weights.identity if run.task.base_weights else run.task.spec.student.train.base,
    "endpoints": lambda run: [dataclasses.astuple(row) for row in endpoints(run)],
    "ledger": lambda run: [dataclasses.astuple(row) for row in ledger(run)],
    "metrics": lambda run: own.fingerprints(run.task),
    "models": lambda run: [list(one) for one in served_models.others(run)],
    "name": lambda run: run.folder.name,
    "odd_counts": lambda run: counts.of_run(run.store, run.folder.name),
    "owed": lambda run: run.pending("generate"),
    "parent": lambda run: run.parent.name if run.parent else None,
    "parent_teacher": parent_teacher,
    "rulings": lambda run: decisions.read_decisions(run.task, run.folder, run.parent),
    "run_before": run_before,
    "timeline": lambda run: dataclasses.asdict(found) if (found := timeline.of_run(run)) else None,
    "verify": lambda run: function.fingerprints(run.task),
}
"""Fact → its value as JSON."""
