"""Two runs of a task side by side: rows, test rows, what gates dropped, settings, scores, spend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from distill.money import known_usd
from distill.records import Json
from distill.report.diff.rows import RowChanges, TestRowChanges, changed_tests, row_changes
from distill.report.diff.scores import ScoreChange, score_changes
from distill.rundir import RunDir, read_json
from distill.task import stores, used_spec
from distill.teacher.store import queries

_TUNED = ("lora", "full", "hosted")


@dataclass(frozen=True, slots=True)
class DiffSide:
    """One of the two runs. `usd` is None where nobody knows the price of what was sent; `began` is ISO 8601 in UTC."""

    run: str
    began: str
    teacher: str
    base: str
    verdict: str
    sends: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class GateDrops:
    """Rows that a step of curation dropped for a reason."""

    stage: str
    reason: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting of the spec by its dotted name, or a file that the spec names, by its hash."""

    name: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class RunDiff:
    """All that differs between run `a` and the later run `b`; of gates only those whose drops differ. `settings` is None where one of
    them kept no readable spec."""

    a: DiffSide
    b: DiffSide
    rows: RowChanges
    tests: TestRowChanges
    gates: Sequence[GateDrops]
    settings: Sequence[SettingChange] | None
    scores: Sequence[ScoreChange]


def diff(a: RunDir, b: RunDir, *, examples: int = 5) -> RunDiff:
    """What differs; UsageError where one of them was not curated yet."""
    before, after = used_spec.read(a.path), used_spec.read(b.path)
    settings = None
    if before is not None and after is not None:
        settings = [SettingChange(*change) for change in used_spec.differences(before, after)]
    return RunDiff(
        a=_side(a, before),
        b=_side(b, after),
        rows=row_changes(a, b, examples=examples),
        tests=changed_tests(a, b),
        gates=_gates(a, b),
        settings=settings,
        scores=score_changes(a, b),
    )


def _side(run: RunDir, used: Mapping[str, Json] | None) -> DiffSide:
    manifest = run.manifest()
    stages: Mapping[str, Mapping[str, Json]] = manifest["stages"]
    began = min((float(entry["started"]) for entry in stages.values() if "started" in entry), default=0.0)
    with stores.reading(run.home) as db:
        ledger = queries.spender_totals(db, run.name)
    return DiffSide(
        run=run.name,
        began=datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds") if began else "",
        teacher=str(manifest.get("teacher") or ""),
        base=_base(used or {}),
        verdict=str(stages.get("evaluate", {}).get("verdict", "")),
        sends=sum(one.sends for one in ledger),
        usd=known_usd(sum(one.usd for one in ledger), sum(one.unpriced for one in ledger)),
    )


def _base(used: Mapping[str, Json]) -> str:
    """The base that was tuned; empty where none was."""
    train = used.get("spec", {}).get("student", {}).get("train", {})
    return str(train.get("base", "")) if train.get("with") in _TUNED else ""


def _gates(a: RunDir, b: RunDir) -> list[GateDrops]:
    before, after = _drops(a), _drops(b)
    names = dict.fromkeys([*before, *after])
    return [GateDrops(*name, before[name], after[name]) for name in names if before[name] != after[name]]


def _drops(run: RunDir) -> Counter[tuple[str, str]]:
    """(stage, reason) → rows dropped, in the order of the funnel."""
    found = Counter[tuple[str, str]]()
    if (run.path / "funnel.json").is_file():
        for step in read_json(run / "funnel.json", dict, needs="funnel")["funnel"]:
            for reason, count in (step.get("dropped") or {}).items():
                found[str(step["stage"]), str(reason)] += int(count)
    return found
