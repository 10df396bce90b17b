"""Where a run stands, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from distill.money import shown
from distill.records import Json
from distill.teacher.store.queries import BatchJob
from distill.views.runs import RunSummary
from distill.views.status import EndpointStatus, SpenderStatus, Status


def status_lines(status: Status) -> list[str]:
    """Stages, spenders, batch jobs and the report of a run, a line each."""
    others = [f"  of run {batch.run}: {_batch_line(batch)}" for batch in status.other_batches]
    pilot = _ledger_lines(status.pilot, "pilot of ")
    if status.run is None:
        return [f"{status.task}: no run yet", *pilot, *others]
    held = f", held by process {status.held_by}" if status.held_by else ""
    return [
        f"run {status.run}{held}",
        *_stage_lines(status),
        *_ledger_lines(status.ledger),
        *map(_endpoint_line, status.endpoints),
        *pilot,
        *(f"  {_batch_line(batch)}" for batch in status.batches),
        *others,
        *([f"  deadline {status.deadline}"] if status.deadline else []),
        *([f"report: {status.report}"] if status.report else []),
    ]


def _stage_lines(status: Status) -> list[str]:
    """A line a stage; the first one that is not done is under way while a process holds the run."""
    waiting = [name for name, entry in status.stages.items() if entry is None]
    under_way = waiting[0] if waiting and status.held_by else None
    return [
        f"  {name:10}{_entry(entry) if entry is not None else 'under way' if name == under_way else '-'}"
        for name, entry in status.stages.items()
    ]


def _entry(entry: Mapping[str, Json]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in entry.items() if name != "started")


def _value(value: Json) -> str:
    """`(train 22, valid 3)` of counts by name."""
    if isinstance(value, Mapping):
        return f"({', '.join(f'{name} {_value(inside)}' for name, inside in value.items())})"
    return ", ".join(map(_value, value)) if isinstance(value, list) else str(value)


def _ledger_lines(ledger: Sequence[SpenderStatus], whose: str = "") -> list[str]:
    return [
        f"  {whose + row.spender:14} {row.answered:,} answered in {row.sends:,} sends, {row.open:,} open, "
        f"{shown(row.usd, row.unpriced)}"
        + (f" (${row.usd_estimated:.4f} of it estimated)" if row.usd_estimated else "")
        for row in ledger
    ]


def _endpoint_line(one: EndpointStatus) -> str:
    """`  at http://a:8000/v1: 512 answered in 530 sends, 10 rate limited, 8 failed, 41.3 tokens a second`."""
    counts = ((one.rate_limited, "rate limited"), (one.failed, "failed"), (one.open, "open"))
    said = [
        f"{one.answered:,} answered in {one.sends:,} sends",
        *(f"{count:,} {name}" for count, name in counts if count),
    ]
    rate = [] if one.tokens_a_second is None else [f"{one.tokens_a_second:,.1f} tokens a second"]
    return f"  at {one.endpoint}: {', '.join([*said, *rate])}"


def _batch_line(batch: BatchJob) -> str:
    """`batch_1: collected, 270 of 300 rows answered, $0.0135, 22:10 → 23:41 (expired)`; one that is out says where."""
    times = " → ".join(_clock(moment) for moment in (batch.submitted, batch.ended) if moment)
    answered = f"{batch.answered:,} of {batch.rows:,} rows answered" if batch.ended else f"{batch.rows:,} rows"
    usd = shown(batch.usd)
    usd = usd if batch.ended or batch.usd is None else f"at most {usd}"
    why = f" ({batch.error})" if batch.error else ""
    where = " as a request file" if batch.endpoint == "file" else f" at {batch.endpoint}"
    at = where if batch.state not in ("collected", "abandoned") else ""
    return f"{batch.batch}: {batch.state}{at}, {answered}, {usd}, {times}{why}"


def _clock(moment: str) -> str:
    """A moment of the journal by this machine's clock, as `22:10`."""
    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M")


def runs_lines(runs: Sequence[RunSummary]) -> list[str]:
    """A line a run, in columns."""
    if not runs:
        return ["no run yet; `distill run SPEC` makes the first one"]
    rows = [
        (
            one.run,
            one.began.replace("T", " ")[:16],
            one.last_stage or "-",
            "-" if one.rows is None else f"{one.rows:,}",
            one.verdict or "-",
            shown(one.usd),
        )
        for one in runs
    ]
    table = [("run", "began", "last stage", "rows", "verdict", "spent"), *rows]
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
