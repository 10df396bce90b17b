"""A plan as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from distill.money import shown
from distill.plan.plan import WINDOW_S

_NAME = 18
"""Characters of the first column: with it a row of the table fits a terminal of 80."""


def lines(result: Mapping[str, Any]) -> list[str]:
    """The plan as a table for people."""
    seeds = result["seeds"]
    said = [
        f"{result['task']}: {seeds['read']} seeds, {seeds['train']} to train on, {seeds['test']} test rows; {result['rows_wanted'] or 'all'} rows wanted",
        f"{'':{_NAME}}{'in store':>9}{'to send':>9}{'tokens in':>12}{'out at most':>12}{'$ at most':>11}{'time':>9}",
    ]
    for row in result["spenders"]:
        said.append(
            f"{_named(row['spender'])}{row['in_store']:>9,}{row['to_send']:>9,}"
            f"{row['prompt_tokens']:>12,}{row['completion_tokens_at_most']:>12,}{_usd(row['usd_at_most']):>11}"
            f"{_time(row.get('seconds_expected')) if row['mode'] == 'live' else 'by batch':>9}"
        )
        if row.get("usd_expected") is not None:
            said.append(
                f"{'':{_NAME}}  $ {row['usd_expected']:.4f} ({row['usd_low']:.4f}–{row['usd_high']:.4f}) expected"
            )
        if row["share_expected"] < 1 or "only" in row:
            judged = row["spender"].startswith("judge ")
            what = row.get("only") or ("the gates before it let pass" if judged else "those before it fail")
            about = f", about {row['share_expected']:.0%}" if row["share_expected"] < 1 else ""
            said.append(f"{'':{_NAME}}  asked only for what {what}{about}")
    said += [line for row in result["spenders"] if row["ways"] for line in _way_lines(row)]
    if result["deadline"]:
        said.append(_deadline_line(result["deadline"], result["spenders"][0]))
    if result["student_calls"]:
        said.append(f"{_named('evaluate student')}{'':9}{result['student_calls']:>9,}   (when it is trained)")
    said += (
        _pilot_lines(result["pilot"]) if result["pilot"] else ["nothing was sent: figures are maximums (--no-pilot)"]
    )
    total = "unknown: give teacher.price" if result["usd_at_most"] is None else f"${result['usd_at_most']:.4f} at most"
    if result["usd_expected"] is not None:
        total = f"${result['usd_expected']:.4f} expected ({result['usd_low']:.4f} to {result['usd_high']:.4f}), {total}"
    budget = f"; budget ${result['budget_usd']:.2f}" if result["budget_usd"] else "; no budget is set"
    return [*said, f"in all {total}{budget}; {result['note']}", *(f"warning: {one}" for one in result["warnings"])]


def _way_lines(row: Mapping[str, Any]) -> list[str]:
    """What a spender would cost by each way, the spec's own marked."""
    live, batch = row["ways"]["live"], row["ways"]["batch"]
    return [
        f"{row['spender']}, mode {row['mode']}: all live {_either(live)} in about {_time(live.get('seconds_expected'))}; "
        f"all by batch {_either(batch)} within 24 h"
    ]


def _either(way: Mapping[str, Any]) -> str:
    """The dollars expected, or at most where nothing was measured."""
    if way.get("usd_expected") is not None:
        return f"${way['usd_expected']:.4f}"
    return "at an unknown price" if way["usd_at_most"] is None else f"${way['usd_at_most']:.4f} at most"


def _deadline_line(found: Mapping[str, Any], teacher: Mapping[str, Any]) -> str:
    at = datetime.fromisoformat(found["at"])
    said = f"deadline {at:%Y-%m-%d %H:%M}"
    if teacher["mode"] == "batch":
        return f"{said}: a batch may take until {datetime.now(UTC).astimezone() + timedelta(seconds=WINDOW_S):%Y-%m-%d %H:%M}"
    if teacher["mode"] == "live" or "seconds_expected" not in teacher["ways"]["live"]:
        return said
    if found["batches_until"] is None:
        return f"{said}: too near for a batch, all rows are sent live"
    until = datetime.fromisoformat(found["batches_until"])
    return f"{said}: by batch until {until:%H:%M}, then the rest live"


def _pilot_lines(pilot: Mapping[str, Any]) -> list[str]:
    limits = ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in pilot["limits"].items() if value)
    said = [
        f"pilot: {pilot['passed_gates']} of {pilot['rows']} rows passed the gates; {shown(pilot['usd'])} spent, and the answers are kept",
        f"the endpoint's limits: {limits or 'none reported'}",
    ]
    return [*said, f"the teacher is shut down on {pilot['shutdown_date']}"] if pilot["shutdown_date"] else said


def _usd(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


def _named(spender: str) -> str:
    """A spender's name in its column, or on a line of its own where it is too long for it."""
    return f"{spender:{_NAME}}" if len(spender) <= _NAME else f"{spender}\n{'':{_NAME}}"


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
