"""What other settings would make of the answers that are here: curation twice, side by side; nothing is sent or written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from distill.curate.dedup import rulings
from distill.curate.gates.judge.requests import asks_model
from distill.curate.result import Curated
from distill.curate.steps import curate
from distill.errors import SpecError, UsageError
from distill.generate.questions import asked_of
from distill.pipeline.open_task import open_task
from distill.rundir import latest, read_parquet
from distill.secrets.withheld import masked
from distill.seeds import checks
from distill.spec.loading import yaml_lines
from distill.task import near_graph, stores
from distill.task.task import Task

if TYPE_CHECKING:
    import polars as pl


def compare(path: Path, changes: Sequence[str], *, overrides: Sequence[str], env: Mapping[str, str]) -> dict[str, Any]:
    """Rows by stratum and drops by reason, now and with each change GATE.SETTING=VALUE, GATE=on or off, or A.B=VALUE."""

    now = open_task(path, overrides=overrides, env=env)
    then = open_task(path, overrides=[*overrides, *_overrides(now, changes)], env=env)
    run = latest(now.home, now.spec.task)
    if run is None or not (run / "asked.parquet").exists():
        raise UsageError(f"{now.spec.task} has no answers yet; run `distill generate {path}` first")
    table, asked = read_parquet(run / "seeds.parquet"), asked_of(run)
    exact = not then.pinned and run.manifest().get("parent") is None
    if wrong := checks.labelled(then.spec, table, then.path, exact=exact):
        raise SpecError(str(then.path), wrong)
    with stores.opened(now.home) as store:
        before, after = (
            _told(
                curate(
                    task,
                    table,
                    asked,
                    store,
                    near_graph.read_graph(run.path, task.spec, table),
                    rulings=rulings.rulings(task, run),
                )
            )
            for task in (now, then)
        )
    return {
        "run": run.name,
        "changes": list(changes),
        "kept": [before.kept.height, after.kept.height],
        "strata": _side_by_side(_strata(before), _strata(after)),
        "reasons": _side_by_side(_reasons(before), _reasons(after)),
        "leave": _only(before.kept, after.kept),
        "come": _only(after.kept, before.kept),
    }


def _overrides(task: Task, changes: Sequence[str]) -> list[str]:
    """Changes as overrides of the spec: those that name a gate change the list of gates, others stand as they are."""
    import json

    from distill.curate.gates.registry import GATES

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


def _set(gates: list[tuple[str, dict[str, Any]]], name: str, setting: str, value: str, change: str) -> None:
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


class _Told(NamedTuple):
    """What is compared of each side."""

    kept: pl.DataFrame
    dropped: pl.DataFrame


def _told(curated: Curated) -> _Told:
    return _Told(curated.kept.select("seed_id", "stratum"), curated.dropped.select("stage", "reason"))


def _strata(curated: _Told) -> Counter[str]:
    return Counter(curated.kept["stratum"].to_list())


def _reasons(curated: _Told) -> Counter[str]:
    rows = curated.dropped.select("stage", "reason").iter_rows()
    return Counter(f"{stage}: {reason}" for stage, reason in rows)


def _side_by_side(before: Counter[str], after: Counter[str]) -> list[dict[str, Any]]:
    return [{"name": name, "now": before[name], "then": after[name]} for name in sorted({*before, *after})]


def _only(these: pl.DataFrame, others: pl.DataFrame) -> list[str]:
    """Seeds whose row is in the one and not in the other."""
    return sorted(set(these["seed_id"]) - set(others["seed_id"]))


def lines(result: Mapping[str, Any]) -> list[str]:
    """Only what changes, for people."""
    now, then = result["kept"]
    said = [
        f"run {result['run']} with {', '.join(result['changes'])}: {now} rows now, {then} then; nothing was sent or written"
    ]
    for title, rows in (("stratum", result["strata"]), ("dropped", result["reasons"])):
        changed = [row for row in rows if row["now"] != row["then"]]
        said += [f"  {title:8} {row['name']:40} {row['now']:>7,} → {row['then']:,}" for row in changed]
    for word, seeds in (("leave", result["leave"]), ("come", result["come"])):
        if seeds:
            more = f" and {len(seeds) - 5} more" if len(seeds) > 5 else ""
            said.append(f"  {len(seeds)} {word}: {', '.join(seeds[:5])}{more}")
    return said
