"""The report's numbers, gathered from the run's files and the ledger; `report.page` only draws them."""

from __future__ import annotations

import itertools
import json
import shlex
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from distill.curate.accounting import large_losses, shortfall
from distill.curate.gates.judge import lookup
from distill.generate import questions, served_models
from distill.money import known
from distill.records import GOLD
from distill.report import curation, timeline
from distill.rundir import read_json, write_atomic, write_json
from distill.seeds import prepare
from distill.seeds.expansion import inherit
from distill.spec import UNLABELLED
from distill.student import stage as teaching
from distill.task.run import ActiveRun, ledger, parent_teacher
from distill.task.stage import stage, version_note
from distill.teacher import counts
from distill.teacher.store.store import Spend

if TYPE_CHECKING:
    import polars as pl


async def report(run: ActiveRun) -> None:
    """report.html, REPORT.md and report.json."""
    await stage(run, "report", outputs=["report.html", "REPORT.md", "report.json"], work=_report, sending=True)


async def _report(run: ActiveRun) -> Mapping[str, Any]:
    from distill.report import page

    found = gather(run)
    write_json(run.folder / "report.json", found)
    write_atomic(run.folder / "report.html", page.html(found).encode("utf-8", "replace"))
    write_atomic(run.folder / "REPORT.md", page.markdown(found).encode("utf-8", "replace"))
    return {}


def gather(run: ActiveRun) -> dict[str, Any]:
    """The whole report as JSON-able values."""
    task, spec, folder = run.task, run.task.spec, run.folder
    stages = folder.manifest()["stages"]
    funnel = _json(run, "funnel.json")
    comparison = _json(run, "comparison.json")
    samples = run.table("samples.parquet", ["fate", "completion_tokens"])
    rows = teaching.dataset_of(samples)
    started = min((entry["started"] for entry in stages.values()), default=0.0)
    try:
        shown = str(task.path.relative_to(task.home))
    except ValueError:
        shown = task.path.name
    return {
        "title": spec.task,
        "about": spec.about,
        "run": {
            "folder": f"runs/{folder.name}", "number": folder.number, "spec": shown,
            "started": _time(started), "finished": _time(datetime.now(UTC).timestamp()),
            "distill_version": version_note()["distill"], "python": version_note()["python"],
            "packages": {k: v for k, v in version_note().items() if k not in ("distill", "python")},
        },
        "teacher": {"model": task.models, "terms": spec.teacher.terms},
        "student": {"base": spec.student.train.base, "with": spec.student.train.with_},
        **comparison,
        "funnel": funnel.get("funnel", []),
        "total": funnel.get("total"),
        "strata": funnel.get("strata", {}),
        **_curation(run, funnel),
        "loss": teaching.losses(folder),
        "spend": spend(run),
        "night": _night(run),
        "expect": read_json(run.folder / "expect.json", list) if (run.folder / "expect.json").exists() else [],
        "dataset": {"train": rows["train"], "valid": rows["valid"], "test": comparison.get("rows", 0), "tokens": _tokens(samples)},
        "repeat": [_repeat(run, shown)],
        "warnings": [*comparison.get("warnings", ()), *_warnings(run, funnel), *of_money(run)],
        "previous": _previous(run, comparison),
    }  # fmt: skip


def _repeat(run: ActiveRun, shown: str) -> str:
    """The command that made the run, with what it changed of the spec."""
    sets = [word for change in run.task.overrides for word in ("--set", change)]
    if not sets and run.parent is None and shown == "prompts/support-triage/task.yaml":
        return "make distill"
    return shlex.join(["distill", "run" if run.parent is None else "refresh", shown, *sets])


def spend(run: ActiveRun) -> list[dict[str, Any]]:
    """The ledger of the run, a row a spender, over every time it was started; what came from the store was free."""
    import polars as pl

    used = Counter(run.table("calls.parquet").filter(ended="ok")["arm"].to_list())
    samples = run.scan("samples.parquet").select("teacher", pl.col("^verdicts_.*$")).collect()
    used.update(questions.spender(run.task, teacher) for teacher in samples["teacher"] if teacher != GOLD)
    used.update(_judged(samples))
    paid = {row.spender: row for row in run.fact("ledger", ledger)}
    rows = [
        paid.get(spender) or Spend(spender, 0, 0, 0, 0, 0.0, 0, 0.0, 0) for spender in dict.fromkeys([*paid, *used])
    ]
    return [
        {
            "spender": row.spender, "calls": row.sends, "replayed": max(0, used[row.spender] - row.answered),
            "prompt_tokens": row.prompt_tokens, "completion_tokens": row.completion_tokens, "usd": known(row.usd, row.unpriced),
            "unpriced": row.unpriced,
            "usd_estimated": known(row.usd_estimated, row.unpriced), "estimated": bool(row.estimated or row.unknown),
        }
        for row in rows
    ]  # fmt: skip


def _judged(samples: pl.DataFrame) -> Counter[str]:
    """How often each judge gave a verdict."""
    columns = [samples[name].drop_nulls() for name in samples.columns if name.startswith("verdicts_")]
    said = (one for column in columns for text in column for one in json.loads(text))
    return Counter(f"judge {one['judge']}" for one in said if "scores" in one)


def _night(run: ActiveRun) -> dict[str, Any] | None:
    found = run.fact("timeline", timeline.of_run)
    return None if found is None else found | {"sentences": timeline.sentences(found)}


def _tokens(samples: pl.DataFrame) -> int:
    return int(samples.filter(samples["fate"] != "dropped")["completion_tokens"].sum())


def _json(run: ActiveRun, name: str) -> dict[str, Any]:
    path = run.folder / name
    return read_json(path, dict) if path.exists() else {}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _curation(run: ActiveRun, funnel: Mapping[str, Any]) -> dict[str, Any]:
    task = run.task
    return curation.gather(
        run.table("seeds.parquet"),
        run.table("samples.parquet"),
        run.table("dropped.parquet"),
        gates=task.spec.gate_settings(),
        edge_cases=funnel.get("edge_cases", []),
        short=shortfall.read(funnel),
        unread=itertools.chain(task.seeds, task.pinned),
    )


def _warnings(run: ActiveRun, funnel: Mapping[str, Any]) -> list[str]:
    import polars as pl

    spec, found = run.task.spec, []
    if spec.teacher.model == spec.student.train.base:
        found.append(
            "Teacher and base are the same model here: the student can learn the teacher's form and saves its long prompt, "
            "it cannot become much better. Name a stronger teacher for real work."
        )
    if not spec.teacher.terms:
        found.append("The spec does not state the teacher's terms; check that its answers may train a model.")
    found += [
        f"{line[:1].upper()}{line[1:]}." for line in served_models.lines(run.fact("models", served_models.others))
    ]
    found += [step["warning"] for step in funnel.get("funnel", []) if "warning" in step]
    found += large_losses.lines(funnel.get("large_losses", []), run.folder.name)
    found += lookup.warnings(run.task)
    found += prepare.shrunk(funnel.get("test") or {}, spec, run.table("seeds.parquet", ["gold"]))
    found += [
        f"{row['available']} training rows have no readable label {name!r}: they are called unlabelled, a stratum of their own."
        for name in spec.strata.asked
        for row in funnel.get("strata", {}).get(name, [])
        if row["value"] == UNLABELLED
    ]
    flagged = funnel.get("flagged", {})
    if flagged:
        reasons = ", ".join(f"{reason} {count}" for reason, count in flagged.items())
        found.append(f"Approved rows train although a gate would drop them ({reasons}); flagged.parquet names each.")
    on_made = inherit.rows_on(
        run.scan("seeds.parquet"), run.table("samples.parquet", ["seed_id", "fate"]).filter(pl.col("fate") != "dropped")
    )
    if on_made:
        found.append(
            f"{on_made} of {funnel.get('kept', 0)} rows answer synthetic seeds (seeds.expand); no test row does."
        )
    accept, kept = funnel.get("accept"), funnel.get("kept", 0)
    if accept and kept < accept:
        found.append(f"{accept} rows were asked and {kept} got; the funnel says where the others went.")
    found += [
        f"Edge case {' and '.join(f'{k} = {v}' for k, v in case['where'].items())}: at least {case['at_least']} wanted, {case['got']} got."
        for case in funnel.get("edge_cases", [])
        if case["got"] < case["at_least"]
    ]
    return found


def of_money(run: ActiveRun) -> list[str]:
    """What an endpoint's counts and prices leave in the dark."""
    found = [f"{spender}: {said}." for spender, odd in run.fact("odd_counts", _odd_counts).items() for said in odd]
    return found + [
        f"No price was known for {row.unpriced:,} calls of {row.spender}: what they cost is not in any sum here. Give the "
        "model's `price` in the spec."
        for row in run.fact("ledger", ledger)
        if row.unpriced
    ]


def _previous(run: ActiveRun, comparison: Mapping[str, Any]) -> dict[str, Any] | None:
    """In a refresh: what the new student is beside the one before."""
    if run.parent is None:
        return None
    old = next(
        (
            d
            for d in comparison.get("differences", [])
            if d["metric"] == comparison["metric"] and "previous" in (d["a"], d["b"])
        ),
        None,
    )
    if old is None:
        return {
            "run": run.parent.name,
            "sentences": [f"{run.parent.name} has no student to compare with."],
            "changes": {},
        }
    span = f"{old['mean'] * 100:+.1f} points (95 % interval {old['low'] * 100:+.1f} to {old['high'] * 100:+.1f}, n = {old['n']})"
    word = "better" if old["low"] > 0 else "worse" if old["high"] < 0 else "not clearly different"
    parent = run.fact("parent_teacher", parent_teacher)
    return {
        "run": run.parent.name,
        "sentences": [f"The new student is {word} than that of {run.parent.name}: {span}."],
        "changes": {"teacher": f"{parent} → {run.task.models}"},
    }


def _odd_counts(run: ActiveRun) -> dict[str, list[str]]:
    return counts.of_run(run.store, run.folder.name)
