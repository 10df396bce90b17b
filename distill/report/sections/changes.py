"""What changed since the run before, for the report: the run that is refreshed, or else the task's last one before this."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from distill.curate.gates.private import hidden
from distill.errors import UsageError
from distill.report.diff.rows import ChangedRow, RowChanges
from distill.report.diff.run_diff import RunDiff, diff
from distill.report.examples import shortened
from distill.rundir import RunDir, numbers
from distill.task.run import ActiveRun


class Changes(NamedTuple):
    """What differs, None where there is no run before; `unread` says why it is not known, where there is one."""

    found: RunDiff | None
    unread: Sequence[str] = ()


def run_before(run: ActiveRun) -> str:
    """The run's name; empty where the task has no other with a dataset."""
    here = run.folder
    others = [RunDir(here.home, here.task, number) for number in numbers(here.home, here.task) if number < here.number]
    candidates = [*others, *([run.parent] if run.parent else [])]
    return next((one.name for one in reversed(candidates) if (one.path / "samples.parquet").is_file()), "")


def changes_since_before(run: ActiveRun) -> Changes:
    """The run before held against this one; texts without keys, and without what the gate `pii` would hide. An older run that cannot be
    read is no reason for a run to end without a report."""
    before = run.fact("run_before", run_before)
    if not before:
        return Changes(None)
    older = RunDir(run.folder.home, run.folder.task, int(before.rpartition("/")[2]))
    try:
        found = diff(older, run.folder)
    except UsageError as fault:
        return Changes(None, [f"what changed since {before} is not known: {fault}"])
    persons = any(name == "pii" for name, _ in run.task.spec.gate_settings())
    return Changes(replace(found, rows=_shown(found.rows, functools.partial(hidden, persons=persons))))


def _shown(rows: RowChanges, hide: Callable[[str], str]) -> RowChanges:
    def told(one: ChangedRow) -> ChangedRow:
        said = (None if answer is None else shortened(answer, hide) for answer in (one.before, one.after))
        return replace(one, input=shortened(one.input, hide), before=next(said), after=next(said))

    return replace(rows, examples={kind: [told(one) for one in some] for kind, some in rows.examples.items()})
