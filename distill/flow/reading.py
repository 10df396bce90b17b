"""Looking at a run without touching it: its state, and one row's whole way."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill import spec as specs
from distill.errors import UsageError
from distill.flow.project import home_of
from distill.flow.stages import ORDER
from distill.rundir import RunDir, find, latest
from distill.teacher.store import MIGRATIONS, VERSION, Store

if TYPE_CHECKING:
    import polars as pl

_LEDGER = (
    "SELECT spender, count(*), coalesce(sum(ended='ok'),0), sum(settled IS NULL), coalesce(sum(coalesce(usd, reserved_usd)),0.0), "
    "coalesce(sum(iif(coalesce(estimated, 1), coalesce(usd, reserved_usd), 0.0)),0.0) FROM attempts WHERE run=? GROUP BY spender ORDER BY min(id)"
)

_BATCH = ("spender", "batch", "state", "rows", "answered", "submitted", "ended", "usd", "error")
_BATCHES = (
    "SELECT spender, coalesce(batch_id, key), state, requests, answered, submitted, ended, "
    "(SELECT coalesce(sum(coalesce(usd, reserved_usd)), 0.0) FROM attempts WHERE batch=key), error "
    "FROM batches WHERE run=? ORDER BY made, key"
)


def status(path: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """Stages, rows and spend of a task's newest run."""
    task = specs.load(path, overrides).task
    home = home_of(path)
    run = latest(home, task)
    if run is None:
        return {"task": task, "run": None, "stages": {}, "ledger": [], "batches": []}
    stages = run.manifest()["stages"]
    with Reader(home) as db:
        ledger = [
            dict(zip(("spender", "sends", "answered", "open", "usd", "usd_estimated"), row, strict=True))
            for row in db.execute(_LEDGER, (run.name,))
        ]
        batches = [dict(zip(_BATCH, row, strict=True)) for row in db.execute(_BATCHES, (run.name,))]
    return {
        "task": task,
        "run": run.name,
        "held_by": _holder(run),
        "stages": {
            name: {k: v for k, v in stages[name].items() if k not in ("key", "outputs")} if name in stages else None
            for name in ORDER
        },
        "ledger": ledger,
        "batches": batches,
        "deadline": run.manifest().get("deadline"),
        "report": str(run / "report.html") if (run / "report.html").exists() else None,
    }


def _holder(run: RunDir) -> int | None:
    """The process that holds the run, None where nobody does."""
    import fcntl

    path = run / ".lock"
    if not path.exists():
        return None
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read().strip() or 0)
    return None


class Reader:
    """The store opened for reading only: a running run is not disturbed, a missing store is empty."""

    def __init__(self, home: Path) -> None:
        path = home / ".distill" / "answers.db"
        if not path.exists():
            self._db = sqlite3.connect(":memory:")
            self._db.executescript(";".join(MIGRATIONS))
            return
        self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        if self._db.execute("PRAGMA user_version").fetchone()[0] < VERSION:  # of an older distill: brought up once
            Store(path).close()

    def __enter__(self) -> sqlite3.Connection:
        return self._db

    def __exit__(self, *_: object) -> None:
        self._db.close()


def status_lines(result: dict[str, Any]) -> list[str]:
    """The state for people."""
    if result["run"] is None:
        return [f"{result['task']}: no run yet"]
    said = [f"run {result['run']}" + (f", held by process {result['held_by']}" if result["held_by"] else "")]
    ahead = "under way" if result["held_by"] else "-"
    for name, entry in result["stages"].items():
        if entry is None:
            said.append(f"  {name:10}{ahead}")
            ahead = "-"
            continue
        shown = ", ".join(f"{k} {v}" for k, v in entry.items() if k != "started")
        said.append(f"  {name:10}{shown}")
    for row in result["ledger"]:
        estimated = f" (${row['usd_estimated']:.4f} of it estimated)" if row["usd_estimated"] else ""
        said.append(
            f"  {row['spender']:14}{row['answered']} answered in {row['sends']} sends, {row['open']} open, "
            f"${row['usd']:.4f}{estimated}"
        )
    for batch in result["batches"]:
        said.append("  " + _batch_line(batch))
    if result["deadline"]:
        said.append(f"  deadline {result['deadline']}")
    return [*said, f"report: {result['report']}"] if result["report"] else said


def _batch_line(batch: dict[str, Any]) -> str:
    """`batch_1: collected, 270 of 300 rows answered, $0.0135, 22:10 → 23:41 (expired)`."""
    times = " → ".join(_clock(batch[name]) for name in ("submitted", "ended") if batch[name])
    answered = (
        f"{batch['answered']:,} of {batch['rows']:,} rows answered" if batch["ended"] else f"{batch['rows']:,} rows"
    )
    usd = f"${batch['usd']:.4f}" if batch["ended"] else f"at most ${batch['usd']:.4f}"
    why = f" ({batch['error']})" if batch["error"] else ""
    return f"{batch['batch']}: {batch['state']}, {answered}, {usd}, {times}{why}"


def _clock(moment: str) -> str:
    """A moment of the book by this machine's clock, as `22:10`."""
    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M")


def explain(home: Path, name: str, row: str) -> dict[str, Any]:
    """Everything the run holds of one row; UsageError where it has none like it."""
    import polars as pl

    run = find(home_of(home.resolve() / "x") if name.count("/") <= 1 and not Path(name).is_dir() else home, name)
    seeds = _read(run, "seeds.parquet")
    dropped = _read(run, "dropped.parquet" if (run / "dropped.parquet").exists() else "seeds_dropped.parquet")
    seed_id = _seed_id(seeds, dropped, row, run)
    seed = seeds.filter(pl.col("seed_id") == seed_id).to_dicts()
    samples = (
        _read(run, "samples.parquet").filter(pl.col("seed_id") == seed_id)
        if (run / "samples.parquet").exists()
        else seeds.clear()
    )
    scores = (
        _read(run, "scores.parquet").filter(pl.col("seed_id") == seed_id)
        if (run / "scores.parquet").exists()
        else seeds.clear()
    )
    calls = (
        _read(run, "calls.parquet").filter(pl.col("seed_id") == seed_id)
        if (run / "calls.parquet").exists()
        else seeds.clear()
    )
    drops = dropped.filter(pl.col("row") == seed_id).to_dicts()
    return {
        "run": run.name,
        "row": seed_id,
        "seed": [
            {k: json.loads(v) if k in ("fields", "labels", "gold") and v else v for k, v in one.items()} for one in seed
        ],
        "samples": [_with_request(run, sample) for sample in samples.to_dicts()],
        "owed": [_with_request(run, {"request_id": one}) for one in _owed(run, seed_id)],
        "dropped": drops,
        "evaluation": [
            call
            | {"scores": {s["metric"]: [s["value"], s["reason"]] for s in scores.to_dicts() if s["arm"] == call["arm"]}}
            for call in calls.to_dicts()
        ],
        "fate": _fate(seed, samples.to_dicts(), drops),
    }


def _read(run: RunDir, name: str) -> pl.DataFrame:
    import polars as pl

    if not (run / name).exists():
        raise UsageError(f"run {run.name} has no {name} yet; run `distill generate` first")
    return pl.read_parquet(run / name)


def _seed_id(seeds: pl.DataFrame, dropped: pl.DataFrame, row: str, run: RunDir) -> str:
    """The seed id that `row` means: an id or its beginning, a line, or FILE:LINE."""
    import polars as pl

    ids = sorted({*seeds["seed_id"], *dropped["row"]})
    line = row.rsplit(":", 1)[-1]
    if line.isdigit() and len(line) < 12:
        hit = seeds.filter(pl.col("line") == int(line))["seed_id"].to_list()
        if len(hit) == 1:
            return str(hit[0])
    found = [one for one in ids if one == row] or [one for one in ids if one.startswith(row)]
    if len(found) == 1:
        return str(found[0])
    what = "no row" if not found else f"{len(found)} rows"
    raise UsageError(
        f"{what} of run {run.name} {'is' if not found else 'begin with'} {row!r}; give a seed id, e.g. {ids[0] if ids else '-'}, or a line of the seeds"
    )


def _with_request(run: RunDir, sample: dict[str, Any]) -> dict[str, Any]:
    with Reader(run.home) as db:
        body = db.execute("SELECT request FROM answers WHERE request_id=?", (sample["request_id"],)).fetchone()
        sends = db.execute(
            "SELECT run, spender, started, settled, ended, status, usd, error, "
            "(SELECT coalesce(batch_id, key) FROM batches WHERE key=attempts.batch) FROM attempts WHERE request_id=? ORDER BY id",
            (sample["request_id"],),
        ).fetchall()
    names = ("run", "spender", "started", "settled", "ended", "status", "usd", "error", "batch")
    return sample | {
        "request": json.loads(body[0]) if body else None,
        "sends": [dict(zip(names, send, strict=True)) for send in sends],
    }


def _owed(run: RunDir, seed_id: str) -> list[str]:
    """The requests of a row that were asked and have no answer."""
    import polars as pl

    if not (run / "asked.parquet").exists():
        return []
    asked = _read(run, "asked.parquet").filter(pl.col("seed_id") == seed_id)["request_id"].to_list()
    with Reader(run.home) as db:
        return [one for one in asked if not db.execute("SELECT 1 FROM answers WHERE request_id=?", (one,)).fetchone()]


def _fate(seed: list[dict[str, Any]], samples: list[dict[str, Any]], drops: list[dict[str, Any]]) -> str:
    for sample in samples:
        if sample["fate"] != "dropped":
            return f"trains the student ({sample['fate']})"
    if drops:
        return "; ".join(f"dropped at {d['stage']}: {d['reason']} ({d['detail']})" for d in drops)
    return "set aside as a test row" if seed and seed[0]["role"] == "test" else "not in the dataset so far"


def _send_lines(request: dict[str, Any]) -> list[str]:
    said = []
    for n, send in enumerate(request["sends"], 1):
        way = f" in {send['batch']}" if send["batch"] else ""
        ended = send["ended"] or ("at the host" if send["batch"] else "outcome unknown")
        said.append(
            f"  send {n}: {send['started']}{way} → {ended} ${send['usd'] or 0:.4f} {send['error'] or ''}".rstrip()
        )
    return said


def explain_lines(result: dict[str, Any]) -> list[str]:
    """One row's way for people."""
    said = [f"row {result['row']} of run {result['run']}: {result['fate']}"]
    for seed in result["seed"]:
        said.append(
            f"seed      {seed['source']}:{seed['line']} · stratum {seed['stratum']} · {seed['role']} · cluster {seed['cluster']}"
        )
        said += [f"  {name}: {value}" for name, value in seed["fields"].items()]
        said += [f"  gold: {json.dumps(seed['gold'], ensure_ascii=False)}"] if seed["gold"] else []
    for sample in result["samples"]:
        turns = [turn for name in ("messages", "input") for turn in (sample["request"] or {}).get(name, ())]
        said.append(
            f"request   {sample['request_id']} · to {sample['model']} · {len(turns)} turns · {sample['prompt_tokens']} tokens in"
        )
        said += _send_lines(sample)
        said.append(
            f"answer    ended {sample['finish_reason']} · {sample['completion_tokens']} tokens · {sample['latency_s']:.2f} s"
        )
        said += [f"  {line}" for line in str(sample["answer"]).split("\n") if line]
        said += [f"  calls {name} {arguments}" for name, arguments in json.loads(sample.get("tool_calls") or "[]")]
        scores = {k[6:]: v for k, v in sample.items() if k.startswith("score_") and v is not None}
        said.append("scores    " + ", ".join(f"{k} {v:g}" for k, v in scores.items()))
    for request in result["owed"]:
        said.append(f"owed      request {request['request_id']} has no answer yet")
        said += _send_lines(request)
    said += [f"dropped   {d['stage']}: {d['reason']}: {d['detail']}" for d in result["dropped"]]
    for call in result["evaluation"]:
        marks = ", ".join(
            f"{m} {'-' if v is None else f'{v:g}'}{f' ({why})' if why else ''}"
            for m, (v, why) in call["scores"].items()
        )
        said += [f"arm       {call['arm']}: {marks}", f"  {call['text']}"]
    return said
