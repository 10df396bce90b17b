"""Rows of a run: one row's whole way, and rows that were dropped or kept with their texts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.curate.gates.judge.verdict import one_line, verdicts_of_row
from distill.errors import UsageError
from distill.pipeline import arguments as naming
from distill.records import GOLD, content_id
from distill.rundir import RunDir, read_parquet
from distill.teacher.store.rows import unquote
from distill.teacher.store.store import UNPRICED
from distill.text.normalise import did_you_mean
from distill.values import answer as answer_value
from distill.views.status import Reader

if TYPE_CHECKING:
    import polars as pl


def explain(home: Path, name: str, row: str) -> dict[str, Any]:
    """Everything the run holds of one row; UsageError where it has none like it."""
    import polars as pl

    run = _run(home, name)
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
    flagged = _read(run, "flagged.parquet") if (run / "flagged.parquet").exists() else dropped.clear()
    return {
        "run": run.name,
        "row": seed_id,
        "seed": [
            {k: json.loads(v) if k in ("fields", "labels", "gold") and v else v for k, v in one.items()} for one in seed
        ],
        "samples": [_with_request(run, sample) for sample in samples.to_dicts()],
        "owed": [_with_request(run, one) for one in _owed(run, seed_id)],
        "dropped": drops,
        "flagged": flagged.filter(pl.col("row") == seed_id).to_dicts(),
        "evaluation": [
            call
            | {"scores": {s["metric"]: [s["value"], s["reason"]] for s in scores.to_dicts() if s["arm"] == call["arm"]}}
            for call in calls.to_dicts()
        ],
        "fate": _fate(seed, samples.to_dicts(), drops),
    }


def show(home: Path, name: str, *, what: str, reason: str | None, stratum: str | None, limit: int) -> dict[str, Any]:
    """Rows of a run with their texts: `dropped` or `flagged` ones by reason, or `kept` ones; in the order of a hash, so of all kinds."""
    import polars as pl

    run = _run(home, name)
    samples = _read(run, "samples.parquet")
    if what == "kept":
        rows = samples.filter(pl.col("fate") != "dropped").select(
            pl.col("seed_id").alias("row"), "stratum", "request_id"
        )
    else:
        rows = _read(run, f"{what}.parquet")
    reasons = dict(sorted(Counter(rows["reason"].to_list()).items())) if what != "kept" else {}
    if reason is not None:
        if reason not in reasons:
            raise UsageError(f"run {run.name} {what} no row for {reason!r}{did_you_mean(reason, reasons)}")
        rows = rows.filter(pl.col("reason") == reason)
    if stratum is not None:
        rows = rows.filter(pl.col("stratum") == stratum)
    texts = {
        row["request_id"] or row["seed_id"]: {
            "input": row["input"],
            "answer": row["answer"] or row.get("tool_calls", ""),
            "verdicts": verdicts_of_row(row),
        }
        for row in samples.iter_rows(named=True)
    }
    seeds = _read(run, "seeds.parquet")
    inputs = dict(seeds.select("seed_id", "input").iter_rows())
    own = dict(seeds.select("seed_id", "own_id").iter_rows()) if "own_id" in seeds.columns else {}
    order = sorted(rows.iter_rows(named=True), key=lambda row: content_id("show", row["row"]))
    found = [
        {
            "input": inputs.get(row["row"]),
            "id": own.get(row["row"]),
            **row,
            **texts.get(row["request_id"] or row["row"], {}),
        }
        for row in order[:limit]
    ]
    return {"run": run.name, "what": what, "rows": rows.height, "reasons": reasons, "shown": found}


def show_lines(result: dict[str, Any]) -> list[str]:
    """The rows for people: why, what was asked, what came back."""
    said = [f"run {result['run']}: {result['rows']:,} rows {result['what']}, {len(result['shown'])} shown"]
    if result["reasons"]:
        said.append("  " + ", ".join(f"{reason} {count:,}" for reason, count in result["reasons"].items()))
    for row in result["shown"]:
        why = f" · {row['stage']}: {row['reason']}: {row['detail']}" if "reason" in row else ""
        own = f" · {row['id']}" if row["id"] else ""
        said.append(f"{row['row']}{own} · {row['stratum']}{why}")
        said += [f"  asked   {line}" for line in str(row["input"] or "").split("\n")[:3]]
        said += [f"  answer  {line}" for line in str(row.get("answer") or "").split("\n")[:6] if line]
        said += _verdict_lines(row.get("verdicts") or {})
    return said


def _run(home: Path, name: str) -> RunDir:
    """The run that a name means."""
    return naming.run_of(name, home)


def _read(run: RunDir, name: str) -> pl.DataFrame:
    return read_parquet(run / name)


def _seed_id(seeds: pl.DataFrame, dropped: pl.DataFrame, row: str, run: RunDir) -> str:
    """The seed id that `row` means: what its own file calls it, an id or its beginning, a line, or FILE:LINE."""
    import polars as pl

    if "own_id" in seeds.columns and len(own := seeds.filter(pl.col("own_id") == row)["seed_id"].to_list()) == 1:
        return str(own[0])
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
            "SELECT run, spender, started, settled, ended, status, usd, error, reserved_usd, "  # noqa: S608 - names of our own
            f"{UNPRICED}, "
            "(SELECT coalesce(batch_id, key) FROM batches WHERE key=attempts.batch), "
            "(SELECT raw FROM unreadable WHERE attempt=attempts.id) FROM attempts WHERE request_id=? ORDER BY id",
            (sample["request_id"],),
        ).fetchall()
    names = (
        "run",
        "spender",
        "started",
        "settled",
        "ended",
        "status",
        "usd",
        "error",
        "reserved_usd",
        "unpriced",
        "batch",
        "body",
    )
    return sample | {
        "request": json.loads(body[0]) if body else None,
        "sends": [
            _send(dict(zip(names, (unquote(one) if isinstance(one, str) else one for one in send), strict=True)))
            for send in sends
        ],
    }


def _owed(run: RunDir, seed_id: str) -> list[dict[str, Any]]:
    """The questions of a row that were asked and have no answer."""
    import polars as pl

    if not (run / "asked.parquet").exists():
        return []
    asked = _read(run, "asked.parquet").filter(pl.col("seed_id") == seed_id).drop("seed_id").to_dicts()
    answer = "SELECT 1 FROM answers WHERE request_id=?"
    with Reader(run.home) as db:
        return [one for one in asked if not db.execute(answer, (one["request_id"],)).fetchone()]


def _fate(seed: list[dict[str, Any]], samples: list[dict[str, Any]], drops: list[dict[str, Any]]) -> str:
    for sample in samples:
        if sample["fate"] != "dropped":
            return f"trains the student ({sample['fate']})"
    if drops:
        return "; ".join(f"dropped at {d['stage']}: {d['reason']} ({d['detail']})" for d in drops)
    return "set aside as a test row" if seed and seed[0]["role"] == "test" else "not in the dataset so far"


def _question(asked: dict[str, Any]) -> str:
    """Why a row was asked, and which of the draws of that kind it was: `vote 2`."""
    return f"{asked['kind']} {asked['draw'] + 1}"


def _send_lines(request: dict[str, Any]) -> list[str]:
    said = []
    for n, send in enumerate(request["sends"], 1):
        way = f" in {send['batch']}" if send["batch"] else ""
        ended = send["ended"] or ("at the host" if send["batch"] else "outcome unknown")
        said.append(f"  send {n}: {send['started']}{way} → {ended} {_cost(send)} {send['error'] or ''}".rstrip())
        if send["body"]:
            said.append(
                f"    what came: {one_line(send['body'])} ({len(send['body']):,} characters are kept; --json has them)"
            )
    return said


def _send(send: dict[str, Any]) -> dict[str, Any]:
    """What a script reads of it: dollars are None where nobody knows them."""
    return send | {"unpriced": bool(send["unpriced"]), "usd": None if send["unpriced"] else send["usd"]}


def _cost(send: dict[str, Any]) -> str:
    if send["unpriced"]:
        return "at an unknown price"
    return f"${send['usd']:.4f}" if send["usd"] is not None else f"at most ${send['reserved_usd']:.4f}"


def _verdict_lines(verdicts: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What each judge said, a line a dimension."""
    return [
        f"  {gate} by {one['judge']}: {words}"
        for gate, judges in verdicts.items()
        for one in judges
        for words in (
            [f"{name} {score}: {one_line(one['reasons'][name])}" for name, score in one["scores"].items()]
            if "scores" in one
            else [f"unscored: {one['unscored']}"]
        )
    ]


def explain_lines(result: dict[str, Any]) -> list[str]:
    """One row's way for people."""
    said = [f"row {result['row']} of run {result['run']}: {result['fate']}"]
    for seed in result["seed"]:
        at = seed["source"] if seed["line"] is None else f"{seed['source']}:{seed['line']}"
        at += f" · id {seed['own_id']}" if seed.get("own_id") else ""
        said.append(f"seed      {at} · stratum {seed['stratum']} · {seed['role']} · cluster {seed['cluster']}")
        said += [f"  {name}: {value}" for name, value in seed["fields"].items()]
        said += (
            [f"  gold: {json.dumps(answer_value.unwrapped(seed['gold']), ensure_ascii=False)}"] if seed["gold"] else []
        )
    for sample in result["samples"]:
        if sample["teacher"] == GOLD:
            said.append(
                f"gold      a person decided on it in conflicts.jsonl: {sample['answer']}"
                if sample["model"] == "person"
                else "gold      its known answer is approved and trains as it is; nobody was asked"
            )
            continue
        turns = [turn for name in ("messages", "input") for turn in (sample["request"] or {}).get(name, ())]
        said.append(
            f"request   {sample['request_id']} · {_question(sample)} · to {sample['model']} · {len(turns)} turns · "
            f"{sample['prompt_tokens']} tokens in"
        )
        said += _send_lines(sample)
        said.append(
            f"answer    ended {sample['finish_reason']} · {sample['completion_tokens']} tokens · {sample['latency_s']:.2f} s"
        )
        said += [f"  {line}" for line in str(sample["answer"]).split("\n") if line]
        said += [f"  calls {name} {arguments}" for name, arguments in json.loads(sample.get("tool_calls") or "[]")]
        scores = {k[6:]: v for k, v in sample.items() if k.startswith("score_") and v is not None}
        said.append("scores    " + ", ".join(f"{k} {v:g}" for k, v in scores.items()))
        said += _verdict_lines(verdicts_of_row(sample))
    for request in result["owed"]:
        said.append(f"pending   request {request['request_id']} · {_question(request)} · has no answer yet")
        said += _send_lines(request)
    said += [f"dropped   {d['stage']}: {d['reason']}: {d['detail']}" for d in result["dropped"]]
    said += [f"flagged   {d['stage']}: {d['reason']}: {d['detail']}" for d in result["flagged"]]
    for call in result["evaluation"]:
        marks = ", ".join(
            f"{m} {'-' if v is None else f'{v:g}'}{f' ({why})' if why else ''}"
            for m, (v, why) in call["scores"].items()
        )
        said += [f"arm       {call['arm']}: {marks}", f"  {call['text']}"]
    return said
