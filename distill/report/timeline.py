"""The story of a night: when what was asked, by which way, and what it cost; from the ledger and the book of batches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from distill.money import shown
from distill.teacher.batch import journal
from distill.teacher.store.store import Store

if TYPE_CHECKING:
    from distill.task.run import ActiveRun

_PAUSE = 0.05
"""Live calls further apart than this share of the night are two parts of it."""
_LIVE = """
SELECT spender, min(started), max(coalesce(settled, started)), count(*), sum(coalesce(ended='ok', 0)), sum(iif(priced, coalesce(usd, reserved_usd), NULL))
FROM attempts WHERE run=? AND batch IS NULL GROUP BY spender, substr(started, 1, 19) ORDER BY spender, min(started)
"""
_COST = "SELECT sum(iif(priced, coalesce(usd, reserved_usd), NULL)) FROM attempts WHERE batch=?"


def of_run(run: ActiveRun) -> dict[str, Any] | None:
    """The batches and live calls of a run, and its deadline; None without a batch."""
    return night(run.store, run.folder.name, run.folder.manifest().get("deadline"), run.owed("generate"))


def night(store: Store, run: str, deadline: str | None, owed: int) -> dict[str, Any] | None:
    """Its parts in the order of their beginning, and whether the deadline was met; None where no batch was in it."""
    batches = list(_batches(store, run))
    if not batches:
        return None
    pause = _PAUSE * (max(one["until"] for one in batches) - min(one["from"] for one in batches))
    parts = sorted([*batches, *_live(store, run, pause)], key=lambda part: (part["from"], part["until"]))
    began, over = min(part["from"] for part in parts), max(part["until"] for part in parts)
    whole = max((over - began).total_seconds(), 1.0)
    for part in parts:
        part["start"] = (part["from"] - began).total_seconds() / whole
        part["end"] = (part["until"] - began).total_seconds() / whole
    answered = [part["until"] for part in parts if part["answered"]]
    return {
        "parts": [part | {"from": _clock(part["from"]), "until": _clock(part["until"])} for part in parts],
        "began": _day(began),
        "over": _day(over),
        "usd": {way: _sum(part["usd"] for part in parts if part["way"] == way) for way in ("live", "batch")},
        "rows": {way: sum(part["answered"] for part in parts if part["way"] == way) for way in ("live", "batch")},
        "deadline": _deadline(deadline, max(answered, default=over), owed),
    }


def _batches(store: Store, run: str) -> Iterator[dict[str, Any]]:
    for batch in journal.of_run(store, run):
        if batch.state == "abandoned":
            continue
        yield {
            "way": "batch", "name": batch.batch_id or batch.key, "spender": batch.spender,
            "from": _moment(batch.submitted or batch.made), "until": _moment(batch.ended or journal.now()),
            "rows": batch.requests, "answered": batch.answered or 0,
            "usd": store.query(_COST, (batch.key,)).fetchone()[0],
            "ended": batch.error or ("completed" if batch.ended else batch.state),
        }  # fmt: skip


def _live(store: Store, run: str, pause: timedelta) -> list[dict[str, Any]]:
    """Live calls by the second, joined where no pause lies between."""
    parts: list[dict[str, Any]] = []
    for spender, first, last, sends, answered, usd in store.query(_LIVE, (run,)):
        start, end = _moment(first), _moment(last)
        if parts and parts[-1]["spender"] == spender and start - parts[-1]["until"] <= pause:
            part = parts[-1]
            part.update(until=max(part["until"], end), rows=part["rows"] + sends, answered=part["answered"] + answered)
            part["usd"] = _sum((part["usd"], usd))
            continue
        part = {"way": "live", "name": "live calls", "spender": spender, "from": start, "until": end, "rows": sends}
        parts.append(part | {"answered": answered, "usd": usd, "ended": ""})
    return parts


def _deadline(text: str | None, last: datetime, owed: int) -> dict[str, Any] | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return {"at": _day(moment), "met": last <= moment and not owed, "last": _day(last), "owed": owed}


def sentences(found: Mapping[str, Any]) -> Sequence[str]:
    """The night in a few words."""
    rows, usd = found["rows"], found["usd"]
    said = [
        f"From {found['began']} to {found['over']}: {rows['batch']:,} answers by batch for {shown(usd['batch'])}, "
        f"{rows['live']:,} live for {shown(usd['live'])}."
    ]
    if found["deadline"]:
        word = "met" if found["deadline"]["met"] else "missed"
        owed = f", and {found['deadline']['owed']:,} rows are pending" if found["deadline"]["owed"] else ""
        said.append(
            f"The deadline, {found['deadline']['at']}, was {word}: the last answer came at {found['deadline']['last']}{owed}."
        )
    return said


def _sum(dollars: Iterable[float | None]) -> float | None:
    """None where a part of it is not known."""
    found = list(dollars)
    return None if None in found else math.fsum(usd for usd in found if usd is not None)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


def _clock(moment: datetime) -> str:
    return moment.strftime("%H:%M:%S")


def _day(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
