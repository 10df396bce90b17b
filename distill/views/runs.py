"""The runs of a project, the newest of each task first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from distill.errors import UsageError
from distill.money import known_usd
from distill.records import Json
from distill.rundir import RunDir, numbers
from distill.task import stores
from distill.task.run import ORDER
from distill.teacher.store import queries


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run: how far it came, what it holds, and what it cost. `verdict` is empty where nothing was compared yet."""

    run: str
    began: str
    teacher: str
    last_stage: str
    """The last stage in the order of a run that was done; empty where none was."""
    rows: int | None
    """Training rows; None before the dataset is written."""
    verdict: str
    usd: float | None


def runs(home: Path) -> list[RunSummary]:
    """A summary of each run of the project; a folder that is no run is left out."""
    folders = sorted(path.name for path in (home / "runs").glob("*") if path.is_dir())
    found = [RunDir(home, task, number) for task in folders for number in sorted(numbers(home, task), reverse=True)]
    with stores.reading(home) as db:
        spent = {run.name: _spent(queries.spender_totals(db, run.name)) for run in found}
    return [_summary(run, spent[run.name]) for run in found]


def _spent(ledger: list[queries.SpenderTotals]) -> float | None:
    return known_usd(sum(row.usd for row in ledger), sum(row.unpriced for row in ledger))


def _summary(run: RunDir, usd: float | None) -> RunSummary:
    try:
        manifest = run.manifest()
    except UsageError:
        return RunSummary(run.name, "", "", "manifest.json cannot be read", None, "", usd)
    stages: Mapping[str, Mapping[str, Json]] = manifest["stages"]
    done = [name for name in ORDER if name in stages]
    began = min((entry["started"] for entry in stages.values() if "started" in entry), default=None)
    rows = stages.get("export", {}).get("rows") or {}
    return RunSummary(
        run=run.name,
        began=datetime.fromtimestamp(began).astimezone().isoformat(timespec="minutes") if began else "",
        teacher=str(manifest.get("teacher", "")),
        last_stage=done[-1] if done else "",
        rows=rows.get("train"),
        verdict=str(stages.get("evaluate", {}).get("verdict", "")),
        usd=usd,
    )
