"""What is known of each batch, in the answer store: written before the step it is about, so that no crash orphans one.

    made → uploaded → creating → submitted → collected     the states of a batch, as this side sees it
                                                           (abandoned: it was never made at the host, its rows are pending)

Every row of a batch has an attempt in the ledger that names the batch's key. The attempt holds its worst price reserved
until the batch is collected, so the budget counts batches in flight.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime

from distill.teacher.store.queries import COST
from distill.teacher.store.rows import Column, Statement
from distill.teacher.store.store import Store

OPEN = ("made", "uploaded", "creating", "submitted")
_AT_ONCE = 500
_BY_FILE = "file-"
"""How the key of a batch begins that is a request file in a folder."""


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """One row of the journal; times are UTC in ISO format."""

    key: str
    run: str
    spender: str
    endpoint: str
    model: str
    requests: int
    bytes: int
    tokens: int
    made: str
    state: str
    file_id: str | None = None
    batch_id: str | None = None
    submitted: str | None = None
    ended: str | None = None
    collected: str | None = None
    answered: int | None = None
    error: str | None = None

    @property
    def name(self) -> str:
        """As the host calls it; our key while that is not known."""
        return self.batch_id or self.key

    @property
    def by_file(self) -> bool:
        """Whether it is a request file in a folder, and not a batch at an API."""
        return self.key.startswith(_BY_FILE)


_NAMES = [field.name for field in fields(BatchEntry)]


def new_key(*, by_file: bool = False) -> str:
    """Names a batch at the host and here; random, since the same rows may have to go twice."""
    return f"{_BY_FILE if by_file else ''}{secrets.token_hex(12)}"


async def enter(store: Store, batch: BatchEntry, rows: Iterable[tuple[str, float]], *, priced: bool = True) -> None:
    """Commit that the batch is about to be sent: its row, and an attempt of each (request id, dollars reserved)."""
    insert = f"INSERT INTO batches ({','.join(_NAMES)}) VALUES ({_marks(_NAMES)})"  # noqa: S608 - names of our own
    sql = "INSERT INTO attempts (request_id, reserved_usd, run, spender, started, batch, priced) VALUES (?,?,?,?,?,?,?)"
    alike = (batch.run, batch.spender, batch.made, batch.key, int(priced))

    def statements() -> list[Statement]:
        return [(insert, astuple(batch)), *((sql, (request, usd, *alike)) for request, usd in rows)]

    await store.commit(await asyncio.to_thread(statements))  # fifty thousand at once would hold the loop up


async def note(store: Store, key: str, **changes: Column) -> None:
    """Commit what changed of a batch, e.g. state="uploaded", file_id="file-1"."""
    columns = ", ".join(f"{name}=?" for name in changes)
    await store.commit([(f"UPDATE batches SET {columns} WHERE key=?", (*changes.values(), key))])  # noqa: S608 - names of our own


async def take_over(store: Store, run: str, *, of: str) -> int:
    """Make the open batches of another run this one's, with all that they cost; how many there were."""
    taken = opened(store, of)
    moved = ("UPDATE batches SET run=? WHERE key=?", "UPDATE attempts SET run=? WHERE batch=?")
    await store.commit([(sql, (run, batch.key)) for batch in taken for sql in moved])
    return len(taken)


def opened(store: Store, run: str | None = None) -> list[BatchEntry]:
    """Batches that are not collected, oldest first; of one run, or of all."""
    return _entries(store, f"state IN ({_marks(OPEN)}) AND run=coalesce(?, run)", *OPEN, run)


def reread(store: Store, batch: BatchEntry) -> BatchEntry | None:
    """A batch as it is by now; None where it is not open any more."""
    return next((one for one in opened(store, batch.run) if one.key == batch.key), None)


def of_run(store: Store, run: str) -> list[BatchEntry]:
    """Every batch of a run, oldest first."""
    return _entries(store, "run=?", run)


async def rows(store: Store, key: str) -> dict[str, tuple[int, float]]:
    """The rows of a batch that are not settled: request id → (attempt, dollars reserved)."""
    query = "SELECT request_id, id, reserved_usd FROM attempts WHERE batch=? AND settled IS NULL"
    cursor, found = store.query(query, (key,)), dict[str, tuple[int, float]]()
    while part := cursor.fetchmany(2000):
        found.update((request, (attempt, usd)) for request, attempt, usd in part)
        await asyncio.sleep(0)  # fifty thousand at once would hold the loop up
    return found


def settled_in(store: Store, batch_id: str) -> dict[str, bool]:
    """Every row of a batch as the host calls it: request id → whether it is settled."""
    key = "SELECT key FROM batches WHERE batch_id=?"
    query = f"SELECT request_id, settled IS NOT NULL FROM attempts WHERE batch=({key})"  # noqa: S608 - names of our own
    return {row: bool(settled) for row, settled in store.query(query, (batch_id,))}


def asked(store: Store, request_ids: Sequence[str], *, waiting: bool = False) -> set[str]:
    """Those of the requests that were ever sent; with `waiting` those that lie unsettled in a request file, of whatever run."""
    found, more = set[str](), f" AND settled IS NULL AND batch LIKE '{_BY_FILE}%'" if waiting else ""
    for start in range(0, len(request_ids), _AT_ONCE):
        part = request_ids[start : start + _AT_ONCE]
        query = f"SELECT DISTINCT request_id FROM attempts WHERE request_id IN ({_marks(part)}){more}"  # noqa: S608 - names of our own
        found.update(row for (row,) in store.query(query, part))
    return found


def order(store: Store, key: str) -> list[str]:
    """The request ids of a batch, as its lines were."""
    return [row[0] for row in store.query("SELECT request_id FROM attempts WHERE batch=? ORDER BY id", (key,))]


def tries(store: Store, run: str, request_ids: Sequence[str]) -> dict[str, list[str]]:
    """How the settled batch attempts of some hundred requests ended in this run, by request."""
    query = (
        f"SELECT request_id, ended FROM attempts WHERE batch IS NOT NULL AND settled IS NOT NULL AND run=? "  # noqa: S608 - only question marks are put in
        f"AND request_id IN ({_marks(request_ids)}) ORDER BY id"
    )
    found: dict[str, list[str]] = {}
    for request, ended in store.query(query, [run, *request_ids]):
        found.setdefault(request, []).append(ended)
    return found


@dataclass(frozen=True, slots=True)
class Reported:
    """The rows of a batch that came to an end; of them, those that were never run, that failed, that were answered, and
    that brought anything about: an answer, or a refusal for good."""

    rows: int
    undone: int
    failed: int
    answered: int = 0
    decided: int = 0


def reported(store: Store, key: str) -> Reported:
    """What lines have reported of a batch so far."""
    query = (
        "SELECT count(*), coalesce(sum(ended='expired'), 0), "
        "coalesce(sum(ended IN ('refused', 'rate_limited', 'overloaded', 'no_access')), 0), "
        "coalesce(sum(ended='ok'), 0), coalesce(sum(ended IN ('ok', 'refused')), 0) "
        "FROM attempts WHERE batch=? AND settled IS NOT NULL"
    )
    return Reported(*store.query(query, (key,)).fetchone())


def booked_usd(store: Store, key: str) -> float:
    """What a batch cost so far: settled rows at their price, the others at the most that they can."""
    query = f"SELECT coalesce(sum({COST}), 0.0) FROM attempts WHERE batch=?"  # noqa: S608 - names of our own
    return float(store.query(query, (key,)).fetchone()[0])


def holding(store: Store, batches: Iterable[BatchEntry], request_ids: Sequence[str]) -> dict[str, int]:
    """How many of the requests lie unsettled in each of the batches, by key; none is named that holds none."""
    found: dict[str, int] = {}
    keys = [batch.key for batch in batches]
    for start in range(0, len(request_ids) if keys else 0, _AT_ONCE):
        part = request_ids[start : start + _AT_ONCE]
        query = (
            f"SELECT batch, count(*) FROM attempts WHERE batch IN ({_marks(keys)}) AND settled IS NULL "  # noqa: S608 - only question marks are put in
            f"AND request_id IN ({_marks(part)}) GROUP BY batch"
        )
        for key, count in store.query(query, [*keys, *part]):
            found[key] = found.get(key, 0) + count
    return found


def where(store: Store, request_id: str) -> BatchEntry | None:
    """The batch that a request is out in, whichever run made it."""
    out = "SELECT batch FROM attempts WHERE request_id=? AND batch IS NOT NULL AND settled IS NULL"
    return next(iter(_entries(store, f"key=({out})", request_id)), None)


def _entries(store: Store, holds: str, *values: str | None) -> list[BatchEntry]:
    """The batches for which a condition holds, oldest first."""
    query = f"SELECT {','.join(_NAMES)} FROM batches WHERE {holds} ORDER BY made, key"  # noqa: S608 - names of our own
    return [BatchEntry(*row) for row in store.query(query, values)]


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))


def since_s(moment: str | None) -> float:
    """Seconds that have gone by since a moment of the journal."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds() if moment else 0.0
