"""Rows of a run for people: one row's way through it, a list of them, what judges said, and what sets two requests apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from distill.curate.gates.judge.verdict import one_line, verdicts_of_row
from distill.records import GOLD, Json
from distill.teacher.store.queries import AttemptDetails
from distill.values import answer as answer_value
from distill.views.explain import ArmAnswer, Record, RequestHistory, RowHistory
from distill.views.request_diff import KeyDifference, RequestDiff
from distill.views.show import RowList

_SHOWN, _BEFORE = 100, 20
"""Characters of a value that are shown, and how many of them stand before the first that differs."""


def history_lines(row: RowHistory) -> list[str]:
    """The seed, what was asked and answered, why it went, and what the arms of the evaluation made of it."""
    return [
        f"row {row.row} of run {row.run}: {row.fate}",
        *(text for seed in row.seed for text in _seed_lines(seed)),
        *(text for sample in row.samples for text in _sample_lines(sample)),
        *(text for request in row.owed for text in _pending_lines(request)),
        *(f"dropped   {_drop(one)}" for one in row.dropped),
        *(f"repeat    {one['detail']}" for one in row.repeats),
        *(f"flagged   {_drop(one)}" for one in row.flagged),
        *(text for call in row.evaluation for text in _arm_lines(call)),
    ]


def _seed_lines(seed: Record) -> list[str]:
    at = seed["source"] if seed["line"] is None else f"{seed['source']}:{seed['line']}"
    at += f" · id {seed['own_id']}" if seed.get("own_id") else ""
    gold = answer_value.unwrapped(seed["gold"]) if seed["gold"] else None
    return [
        f"seed      {at} · stratum {seed['stratum']} · {seed['role']} · cluster {seed['cluster']}",
        *(f"  {name}: {value}" for name, value in seed["fields"].items()),
        *(f"  {name}: {value}   (kept)" for name, value in (seed.get("kept") or {}).items()),
        *([f"  gold: {json.dumps(gold, ensure_ascii=False)}"] if seed["gold"] else []),
    ]


def _sample_lines(sample: RequestHistory) -> list[str]:
    record = sample.record
    if record["teacher"] == GOLD:
        return [_gold_line(record)]
    turns = [turn for name in ("messages", "input") for turn in (sample.body or {}).get(name, ())]
    scores = {k[6:]: v for k, v in record.items() if k.startswith("score_") and v is not None}
    calls = json.loads(record.get("tool_calls") or "[]")
    return [
        f"request   {record['request_id']} · {_question(record)} · to {record['model']} · {len(turns)} turns · "
        f"{record['prompt_tokens']} tokens in",
        *_send_lines(sample),
        f"answer    ended {record['finish_reason']} · {record['completion_tokens']} tokens · {record['latency_s']:.2f} s",
        *(f"  {text}" for text in str(record["answer"]).split("\n") if text),
        *(f"  calls {name} {arguments}" for name, arguments in calls),
        "scores    " + ", ".join(f"{name} {score:g}" for name, score in scores.items()),
        *verdict_lines(verdicts_of_row(record)),
    ]


def _gold_line(record: Record) -> str:
    if record["model"] == "person":
        return f"gold      a person decided on it in conflicts.jsonl: {record['answer']}"
    return "gold      its known answer is approved and trains as it is; nobody was asked"


def _pending_lines(request: RequestHistory) -> list[str]:
    record = request.record
    first = f"pending   request {record['request_id']} · {_question(record)} · has no answer yet"
    return [first, *_send_lines(request)]


def _question(record: Record) -> str:
    """Why a row was asked, and which of the draws of that kind it was: `vote 2`."""
    return f"{record['kind']} {record['draw'] + 1}"


def _send_lines(request: RequestHistory) -> list[str]:
    return [text for number, send in enumerate(request.sends, 1) for text in _one_send(number, send)]


def _one_send(number: int, send: AttemptDetails) -> list[str]:
    way = f" in {send.batch}" if send.batch else ""
    ended = send.ended or ("at the host" if send.batch else "outcome unknown")
    said = [f"  send {number}: {send.started}{way} → {ended} {_cost(send)} {send.error or ''}".rstrip()]
    if send.body:
        kept = f"({len(send.body):,} characters are kept; --json has them)"
        said.append(f"    what came: {one_line(send.body)} {kept}")
    return said


def _cost(send: AttemptDetails) -> str:
    if send.unpriced:
        return "at an unknown price"
    return f"${send.usd:.4f}" if send.usd is not None else f"at most ${send.reserved_usd:.4f}"


def _drop(drop: Record) -> str:
    return f"{drop['stage']}: {drop['reason']}: {drop['detail']}"


def _arm_lines(call: ArmAnswer) -> list[str]:
    scores = ", ".join(
        f"{metric} {'-' if value is None else f'{value:g}'}{f' ({why})' if why else ''}"
        for metric, (value, why) in call.scores.items()
    )
    return [f"arm       {call.record['arm']}: {scores}", f"  {call.record['text']}"]


def row_list_lines(rows: RowList) -> list[str]:
    """How many there are by reason; then of each why it went, what was asked and what came back."""
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in rows.reasons.items())
    return [
        f"run {rows.run}: {rows.rows:,} rows {rows.what}, {len(rows.shown)} shown",
        *([f"  {reasons}"] if reasons else []),
        *(text for row in rows.shown for text in _row_lines(row)),
    ]


def _row_lines(row: Mapping[str, Json]) -> list[str]:
    why = f" · {row['stage']}: {row['reason']}: {row['detail']}" if "reason" in row else ""
    own = f" · {row['id']}" if row["id"] else ""
    return [
        f"{row['row']}{own} · {row['stratum']}{why}",
        *(
            ["  kept    " + " · ".join(f"{name} {value}" for name, value in row["kept"].items())]
            if row.get("kept")
            else []
        ),
        *(f"  asked   {text}" for text in str(row["input"] or "").split("\n")[:3]),
        *(f"  answer  {text}" for text in str(row.get("answer") or "").split("\n")[:6] if text),
        *verdict_lines(row.get("verdicts") or {}),
    ]


def verdict_lines(verdicts: Mapping[str, Sequence[Mapping[str, Json]]]) -> list[str]:
    """What each judge said for each gate, a line a dimension."""
    return [
        f"  {gate} by {verdict['judge']}: {words}"
        for gate, judges in verdicts.items()
        for verdict in judges
        for words in _words(verdict)
    ]


def _words(verdict: Mapping[str, Json]) -> list[str]:
    if "scores" not in verdict:
        return [f"unscored: {verdict['unscored']}"]
    return [f"{name} {score}: {one_line(verdict['reasons'][name])}" for name, score in verdict["scores"].items()]


def diff_lines(diff: RequestDiff) -> list[str]:
    """Each difference with both values; long ones are shown from where they part."""
    if diff.same:
        return [f"one and the same request, {diff.a}: the answer of the first serves the second"]
    head = f"{diff.a} and {diff.b} differ in {len(diff.differences)} parts of their keys"
    return [head, *(text for part in diff.differences for text in _part_lines(part))]


def _part_lines(part: KeyDifference) -> list[str]:
    a, b = (side if isinstance(side, str) else json.dumps(side) for side in (part.a, part.b))
    first = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    at = max(0, first - _BEFORE)
    dots = "…" if at else ""
    return [f"  {part.path}", *(f"    {n}: {dots}{side[at : at + _SHOWN]}" for n, side in (("A", a), ("B", b)))]
