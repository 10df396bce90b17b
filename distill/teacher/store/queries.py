"""Every question that is asked of an answer store, and its rows as dataclasses. `db` is a connection that reads what is committed.

What a send costs is said here once: `usd` where its outcome is known, or else what was reserved for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from distill.records import Json
from distill.teacher.store.rows import unquote

COST = "coalesce(usd, reserved_usd)"
"""Dollars of an attempt: what it cost, or what is reserved while nobody knows."""
_PRICED_COST = f"iif(priced, {COST}, NULL)"
"""The same; NULL where nobody knows the price of a token."""
_UNPRICED = "(priced=0 AND coalesce(ended, 'ok') IN ('ok', 'timeout', 'broken', 'malformed'))"
"""Attempts that cost something, or may have, and nobody knows what; one that is refused costs nothing at any price."""


@dataclass(frozen=True, slots=True)
class SpenderTotals:
    """What one spender of a run sent and paid; `unknown` attempts died unsettled and may have been billed."""

    spender: str
    sends: int = 0
    answered: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    estimated: int = 0
    usd_estimated: float = 0.0
    """Of the dollars, what is not from the endpoint's own counts: no usage given, or an outcome that is unknown."""
    unknown: int = 0
    unpriced: int = 0
    """Sends of which nobody knows what a token costs: `usd` is without them."""


def spender_totals(db: sqlite3.Connection, run: str) -> list[SpenderTotals]:
    """The ledger of a run, a row a spender."""
    rows = db.execute(
        "SELECT spender, count(*), sum(coalesce(ended='ok', 0)), sum(coalesce(prompt_tokens, 0)), "  # noqa: S608 - names of our own
        f"sum(coalesce(completion_tokens, 0)), sum({COST}), sum(coalesce(estimated, 0)), "
        f"sum(iif(coalesce(estimated, 1), {COST}, 0.0)), sum(settled IS NULL), sum{_UNPRICED} "
        "FROM attempts WHERE run=? GROUP BY spender ORDER BY min(id)",
        (run,),
    )
    return [SpenderTotals(*row) for row in rows]


def spent_usd(db: sqlite3.Connection, run: str) -> float:
    """Dollars of a run so far: settled attempts, and the reservations of those whose outcome is unknown."""
    query = f"SELECT coalesce(sum({COST}), 0.0) FROM attempts WHERE run=?"  # noqa: S608 - names of our own
    return float(db.execute(query, (run,)).fetchone()[0])


@dataclass(frozen=True, slots=True)
class NameTotals:
    """What was spent under one name: a run's, or that of a task's pilots."""

    name: str
    usd: float
    unpriced: int


def totals_by_name(db: sqlite3.Connection) -> list[NameTotals]:
    """Dollars of all that was ever sent, a row a name."""
    query = f"SELECT run, sum({COST}), sum{_UNPRICED} FROM attempts GROUP BY run ORDER BY run"  # noqa: S608 - names of our own
    return [NameTotals(*row) for row in db.execute(query)]


def unpriced_sends(db: sqlite3.Connection, run: str) -> int:
    """Sends of a run of which nobody knows what a token costs."""
    query = f"SELECT count(*) FROM attempts WHERE run=? AND {_UNPRICED}"  # noqa: S608 - names of our own
    return int(db.execute(query, (run,)).fetchone()[0])


@dataclass(frozen=True, slots=True)
class Attempt:
    """One send of a request, as the ledger has it; what stands after `started` is None until its outcome is known."""

    run: str
    spender: str
    started: str
    settled: str | None
    ended: str | None
    status: int | None
    usd: float | None
    error: str | None


_ATTEMPT = "run, spender, started, settled, ended, status, usd, error"


def attempts(db: sqlite3.Connection, request_id: str) -> list[Attempt]:
    """Every send of a request, oldest first."""
    query = f"SELECT {_ATTEMPT} FROM attempts WHERE request_id=? ORDER BY id"  # noqa: S608 - names of our own
    return [Attempt(*map(_unquoted, row)) for row in db.execute(query, (request_id,))]


@dataclass(frozen=True, slots=True)
class AttemptDetails(Attempt):
    """One send with all that is known of it: `usd` is None where nobody knows the price, `batch` is the job that it was in."""

    reserved_usd: float
    batch: str | None
    body: str | None  # what came back and was no whole answer
    unpriced: bool


def attempt_details(db: sqlite3.Connection, request_id: str) -> list[AttemptDetails]:
    """Every send of a request with its batch job and its unreadable body, oldest first."""
    known = _ATTEMPT.replace("usd", f"iif({_UNPRICED}, NULL, usd)")
    query = (
        f"SELECT {known}, reserved_usd, (SELECT coalesce(batch_id, key) FROM batches WHERE key=attempts.batch), "  # noqa: S608 - names of our own
        f"(SELECT raw FROM unreadable WHERE attempt=attempts.id), {_UNPRICED} FROM attempts WHERE request_id=? ORDER BY id"
    )
    return [AttemptDetails(*_with_flag(row)) for row in db.execute(query, (request_id,))]


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request that is answered, by what makes its id."""

    request_id: str
    endpoint: str
    draw: int
    body: str


def stored_requests(db: sqlite3.Connection, beginning: str, limit: int = 2) -> list[StoredRequest]:
    """The answered requests whose id is so or begins so, up to `limit`."""
    query = "SELECT request_id, endpoint, draw, request FROM answers WHERE request_id >= ? AND request_id < ? LIMIT ?"
    return [StoredRequest(*row) for row in db.execute(query, (beginning, beginning + "g", limit))]


@dataclass(frozen=True, slots=True)
class BatchJob:
    """One batch job; `batch` is what the host calls it, or our key while that is not known. The endpoint of a request file is `file`."""

    run: str
    spender: str
    endpoint: str
    batch: str
    state: str
    rows: int
    answered: int | None
    submitted: str | None
    ended: str | None
    usd: float | None
    error: str | None


def batch_jobs(db: sqlite3.Connection, run: str) -> list[BatchJob]:
    """The batch jobs of a run, and those of any run that are not collected yet; oldest first."""
    query = (
        "SELECT run, spender, iif(key LIKE 'file-%', 'file', endpoint), coalesce(batch_id, key), state, requests, answered, submitted, ended, "  # noqa: S608 - names of our own
        f"(SELECT sum({_PRICED_COST}) FROM attempts WHERE batch=key), error "
        "FROM batches WHERE run=? OR state NOT IN ('collected', 'abandoned') ORDER BY made, key"
    )
    return [BatchJob(*row) for row in db.execute(query, (run,))]


def batch_usd(db: sqlite3.Connection, key: str) -> float | None:
    """Dollars of a batch job so far, None where nobody knows the price."""
    query = f"SELECT sum({_PRICED_COST}) FROM attempts WHERE batch=?"  # noqa: S608 - names of our own
    return next((None if usd is None else float(usd) for (usd,) in db.execute(query, (key,))), None)


@dataclass(frozen=True, slots=True)
class LiveSpan:
    """The live calls that a spender began within one second."""

    spender: str
    first: str
    last: str
    sends: int
    answered: int
    usd: float | None


def live_spans(db: sqlite3.Connection, run: str) -> list[LiveSpan]:
    """The live calls of a run by spender and second."""
    query = (
        "SELECT spender, min(started), max(coalesce(settled, started)), count(*), sum(coalesce(ended='ok', 0)), "  # noqa: S608 - names of our own
        f"sum({_PRICED_COST}) FROM attempts WHERE run=? AND batch IS NULL "
        "GROUP BY spender, substr(started, 1, 19) ORDER BY spender, min(started)"
    )
    return [LiveSpan(*row) for row in db.execute(query, (run,))]


@dataclass(frozen=True, slots=True)
class NamedModel:
    """So many answers to requests for model `asked` that name model `named`."""

    asked: str | None
    named: str
    answers: int


def named_models(db: sqlite3.Connection, run: str, newest: int) -> list[NamedModel]:
    """What the newest answers that a run paid for were asked of, and whom they name."""
    rows = db.execute(
        "SELECT json_extract(answers.request, '$.model'), answers.model, count(*) FROM "
        "(SELECT request_id FROM attempts WHERE run=? AND ended='ok' ORDER BY id DESC LIMIT ?) AS sent "
        "JOIN answers USING (request_id) GROUP BY 1, 2",
        (run, newest),
    )
    return [NamedModel(asked, unquote(named), count) for asked, named, count in rows]


@dataclass(frozen=True, slots=True)
class CountedAnswer:
    """An answered request with the tokens that its endpoint counted."""

    endpoint: str
    body: str
    draw: int
    prompt_tokens: int
    completion_tokens: int
    measured: bool


def newest_of_model(db: sqlite3.Connection, endpoint: str, model: str, limit: int) -> Iterator[CountedAnswer]:
    """The newest answers of a model, newest first; only the latest thousands are looked through."""
    newest = "answers a WHERE a.rowid > (SELECT max(rowid) - 4000 FROM answers) AND a.endpoint=?"
    of_model = "json_valid(a.request) AND json_extract(a.request, '$.model')=?"
    return _counted(db, f"{newest} AND {of_model} ORDER BY a.rowid DESC LIMIT ?", endpoint, model, limit)


def newest_of_spender(db: sqlite3.Connection, run: str, spender: str, limit: int) -> Iterator[CountedAnswer]:
    """The newest answers that a spender of a run paid for, newest first."""
    paid = "attempts t JOIN answers a USING (request_id) WHERE t.run=? AND t.spender=? AND t.ended='ok'"
    return _counted(db, f"{paid} ORDER BY t.id DESC LIMIT ?", run, spender, limit)


def _counted(db: sqlite3.Connection, source: str, *values: str | int) -> Iterator[CountedAnswer]:
    counts = "a.prompt_tokens, a.completion_tokens, a.tokens_measured"
    rows = db.execute(f"SELECT a.endpoint, a.request, a.draw, {counts} FROM {source}", values)  # noqa: S608 - names of our own
    return (CountedAnswer(*_with_flag(row)) for row in rows)


def _unquoted(value: Json) -> Json:
    return unquote(value) if isinstance(value, str) else value


def _with_flag(row: Sequence[Json]) -> list[Json]:
    return [*map(_unquoted, row[:-1]), bool(row[-1])]
