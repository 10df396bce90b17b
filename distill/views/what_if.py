"""What other settings would make of the answers that are here: curation twice, side by side; nothing is sent or written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import polars as pl

from distill.curate.dedup import decisions
from distill.curate.gates.judge.requests import asks_model
from distill.curate.gates.registry import GATES
from distill.curate.inputs import read_inputs
from distill.curate.steps import curate
from distill.errors import SpecError, UsageError
from distill.generate.questions import read_asked
from distill.pipeline.next_run.growing import as_grown
from distill.pipeline.open_task import open_task
from distill.records import Json
from distill.rundir import RunDir, latest, read_parquet
from distill.secrets.withheld import masked
from distill.seeds import checks
from distill.spec.loading import yaml_lines
from distill.task import near_graph, stores
from distill.task.task import Task
from distill.teacher.store.store import Store


@dataclass(frozen=True, slots=True)
class Change:
    """How many rows a stratum or a reason has now, and would have then."""

    name: str
    now: int
    then: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What `changes` would make of a run's answers; `kept` are the rows of the dataset now and then."""

    run: str
    changes: Sequence[str]
    kept: tuple[int, int]
    strata: Sequence[Change]
    reasons: Sequence[Change]
    leave: Sequence[str]
    """Seeds whose row would not be in the dataset any more."""
    come: Sequence[str]


def what_if(path: Path, changes: Sequence[str], *, overrides: Sequence[str], env: Mapping[str, str]) -> WhatIf:
    """Rows by stratum and drops by reason, now and with each change GATE.SETTING=VALUE, GATE=on or off, or A.B=VALUE."""
    now = open_task(path, overrides=overrides, env=env)
    then = open_task(path, overrides=[*overrides, *_overrides(now, changes)], env=env)
    run = latest(now.home, now.spec.task)
    if run is None or not (run / "asked.parquet").exists():
        raise UsageError(f"{now.spec.task} has no answers yet; run `distill generate {path}` first")
    table = read_parquet(run / "seeds.parquet")
    exact = not then.pinned and run.manifest().get("parent") is None
    if wrong := checks.labelled(then.spec, table, then.path, exact=exact):
        raise SpecError(str(then.path), wrong)
    with stores.opened(now.home, now.addresses) as store:
        before, after = (_curated(as_grown(task, run), run, table, store) for task in (now, then))
    return WhatIf(
        run.name, list(changes), (len(before.kept), len(after.kept)),
        strata=_side_by_side(before.strata, after.strata),
        reasons=_side_by_side(before.reasons, after.reasons),
        leave=sorted(before.seeds - after.seeds), come=sorted(after.seeds - before.seeds),
    )  # fmt: skip


class _Side(NamedTuple):
    """What is compared: (seed, stratum) of each row kept, and the drops by `stage: reason`."""

    kept: Sequence[tuple[str, str]]
    reasons: Counter[str]

    @property
    def seeds(self) -> set[str]:
        return {seed for seed, _ in self.kept}

    @property
    def strata(self) -> Counter[str]:
        return Counter(stratum for _, stratum in self.kept)


def _curated(task: Task, run: RunDir, table: pl.DataFrame, store: Store) -> _Side:
    graph, decided = near_graph.read_graph(run.path, task.spec, table), decisions.read_decisions(task, run)
    curated = curate(read_inputs(task, table, read_asked(run), store, graph, rulings=decided))
    reasons = Counter(f"{stage}: {reason}" for stage, reason in curated.dropped.select("stage", "reason").iter_rows())
    return _Side(curated.kept.select("seed_id", "stratum").rows(), reasons)


def _side_by_side(before: Counter[str], after: Counter[str]) -> list[Change]:
    return [Change(name, before[name], after[name]) for name in sorted({*before, *after})]


def _overrides(task: Task, changes: Sequence[str]) -> list[str]:
    """Changes as overrides of the spec: those that name a gate change the list of gates, others stand as they are."""
    gates = task.spec.gate_settings()
    plain = []
    for change in changes:
        dotted, equals, value = change.partition("=")
        name, _, setting = dotted.partition(".")
        if not equals:
            raise UsageError(
                f"--what-if {change!r}: expected GATE.SETTING=VALUE, GATE=off, or a setting such as dedup.near=0.9"
            )
        if name not in GATES:
            plain.append(change)
        elif setting:
            _set(gates, name, setting, value, change)
        elif value == "off":
            gates = [one for one in gates if one[0] != name]
        elif value == "on":
            gates += [] if any(one == name for one, _ in gates) else [(name, {})]
        else:
            raise UsageError(f"--what-if {change!r}: a gate is `on` or `off`; found {value!r}")
    if task.spec.judge is not None and not any(asks_model(*gate) for gate in gates):
        plain.append("judge=null")
    return [*plain, "gates=" + json.dumps([{name: settings} if settings else name for name, settings in gates])]


def _set(gates: list[tuple[str, dict[str, Json]]], name: str, setting: str, value: str, change: str) -> None:
    """Change a gate where it stands, or add it; which of two of a name is meant cannot be told."""
    at = [number for number, (one, _) in enumerate(gates) if one == name]
    if len(at) > 1:
        where = " and ".join(f"gates[{number}]" for number in at)
        raise UsageError(
            f"--what-if {change!r}: {where} are both `{name}`; change one of them with --set gates=[…], or in the spec"
        )
    if not at:
        gates.append((name, {}))
    try:
        gates[at[0] if at else -1][1][setting] = yaml_lines.value(value, f"--what-if {name}.{setting}")
    except SpecError:
        raise UsageError(masked(f"--what-if {change!r}: {value!r} is not a YAML value")) from None
