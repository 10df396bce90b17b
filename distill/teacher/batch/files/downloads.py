"""Whether the files of an ended batch came whole: a download that is cut without an error must not pass for the end of the rows.

Only rows that no line told of are in doubt, and only while something speaks against the files: the host counts more rows
as done than came, it gives a file more bytes, or a file ends in the middle of a line. A host that counts nothing is
believed at the second reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from distill.protocol.job_states import State
from distill.teacher.batch import journal
from distill.teacher.batch.files.input_file import read
from distill.teacher.batch.files.results import ResultReader
from distill.teacher.batch.host.client import HostFault
from distill.teacher.batch.host.protocol import BatchService
from distill.teacher.batch.host.state import Look
from distill.teacher.batch.journal import BatchEntry, Reported
from distill.teacher.store.store import Store

TRIES = 3
"""Readings after which no other is waited for."""
_NOTE = re.compile(r"^not whole since (\S+) \((\d+) read\): ")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why the files may not be whole. `owing`: the host counts rows as done that did not come, so they are never sent again
    unasked; else its files are believed after some readings."""

    why: str
    owing: bool
    readings: int = TRIES


@dataclass(frozen=True, slots=True)
class Results:
    """A result file as it came."""

    file_id: str
    bytes: int
    torn: bool


def results_of(file_id: str, path: Path) -> Results:
    """What a download brought: its size, and whether it ends in the middle of a line."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - (1 << 20)))
        tail = file.read()
    last = tail.rpartition(b"\n")[2] if not tail.endswith(b"\n") else b""
    return Results(file_id, size, bool(last.strip()) and not _whole_line(last))


async def doubt(
    store: Store, host: BatchService, batch: BatchEntry, look: Look, reader: ResultReader, came: list[Results]
) -> Doubt | None:
    """What speaks against the files, after all lines that came are settled; None where nothing does."""
    reported = journal.reported(store, batch.key)
    torn = sum(one.torn for one in came)
    reported = replace(
        reported, rows=reported.rows + max(0, reader.oddities.unreadable - torn)
    )  # a line was there, of whichever row
    if reported.rows >= batch.requests:
        return None
    short, unpaid = _short(batch.requests, look.done, look.failed, reported)
    if short > 0:
        counted = f"{look.done:,} rows done and {look.failed:,} failed"
        why = f"the host counts {counted} of {batch.requests:,}, and {short:,} of them are in no file"
        return Doubt(why, owing=short > unpaid)
    counts = look.done + look.failed > 0
    if (size := await _smaller(host, came)) is not None:
        return Doubt(size, owing=not counts)
    if torn:
        return Doubt("a file ends in the middle of a line", owing=not counts)
    if not counts and look.state is State.COMPLETED:
        return Doubt("the host counts nothing, and rows are in no file", owing=False, readings=2)
    return None


def noted(batch: BatchEntry) -> tuple[str | None, int]:
    """Since when the files of a batch are not whole, and how often they were read, as the journal has it."""
    found = _NOTE.match(batch.error or "")
    return (found[1], int(found[2])) if found else (None, 0)


def note(since: str, readings: int, why: str) -> str:
    """The same, for the journal."""
    return f"not whole since {since} ({readings} read): {why}"


def _short(requests: int, done: int, failed: int, reported: Reported) -> tuple[int, int]:
    """How many rows the host counts and no line told of, and how many of these may be failed ones, which nobody pays for.

    Hosts count rows that were never run as failed, or not at all; some count failed ones as done too, some give no file of them.
    """
    ran, both = reported.rows - reported.undone, done + failed
    uncounted = both - ran if both + reported.undone <= requests else min(requests, both) - reported.rows
    paid = min(done, requests) - ran
    return max(paid, uncounted), 0 if paid > 0 else max(0, failed - reported.failed)


async def _smaller(host: BatchService, came: list[Results]) -> str | None:
    """The first file of which fewer bytes came than the host says it has."""
    for one in came:
        try:
            said = (await host.file(one.file_id)).bytes
        except HostFault:  # some hosts give contents and no files
            continue
        if said is not None and one.bytes < said:
            return f"the file {one.file_id} has {said:,} bytes, and {one.bytes:,} came"
    return None


def _whole_line(raw: bytes) -> bool:
    try:
        read(raw)
    except (ValueError, RecursionError):
        return False
    return True
