"""What hosts said of the days on which they shut models down, kept in `.distill/shutdown_dates.json` from one look to the next.

    {"https://api.openai.com/v1 gpt-4o": {"shutdown_date": "2027-01-14", "asked": "2026-11-30"}}

Most hosts tell no day. Asking costs nothing: it is a look into the host's list of models.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from distill.atomic_write import write_json
from distill.teacher.endpoint import sdk
from distill.teacher.endpoint.address import Address
from distill.text.from_json import from_json

_FILE = "shutdown_dates.json"


@dataclass(frozen=True, slots=True)
class ToldDate:
    """The day that a host named, on the day `asked`."""

    shutdown_date: str
    asked: str


def key_of(address: Address) -> str:
    """How a model at its host is called in the file; never with a password."""
    return f"{address.shown} {address.model}"


def read_told(home: Path) -> dict[str, ToldDate]:
    """What was said so far; a file that cannot be read says nothing, since the next look writes it again."""
    try:
        found = json.loads((home / ".distill" / _FILE).read_bytes())
        return {name: _checked(from_json(ToldDate, one)) for name, one in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _checked(one: ToldDate) -> ToldDate:
    for day in (one.shutdown_date, one.asked):
        date.fromisoformat(day)
    return one


async def ask_hosts(home: Path, addresses: Collection[Address], today: date) -> dict[str, ToldDate]:
    """Ask each host of its model, and keep what it says. One that tells no day, or does not answer, changes nothing."""
    distinct = {key_of(one): one for one in addresses if _asks(one)}
    days = await asyncio.gather(*map(sdk.shutdown_date, distinct.values()))
    heard = {
        name: ToldDate(day, today.isoformat())
        for name, day in zip(distinct, map(_day, days), strict=True)
        if day is not None
    }
    kept = read_told(home) | heard
    if heard:
        write_json(home / ".distill" / _FILE, {name: asdict(one) for name, one in sorted(kept.items())})
    return kept


def _asks(one: Address) -> bool:
    """Whether a host can be asked: the model is at one, and nothing speaks against a call."""
    return not (one.local or one.by_file or one.keyless or one.faults())


def _day(said: str | None) -> str | None:
    """The day of a date as a host writes it, `2027-01-14T00:00:00Z` too; None where it is none."""
    try:
        return date.fromisoformat(said[:10]).isoformat() if said else None
    except ValueError:
        return None
