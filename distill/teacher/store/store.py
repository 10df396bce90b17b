"""The answer store: one SQLite file with every answer that was paid for, and the ledger of attempts.

The tables are in migrations.py, what their rows hold in rows.py. A write returns after its commit (WAL,
synchronous=FULL), so what is counted is on the disk. Writes that are waiting at the same moment share one commit.
Any SQLite tool opens the file; times are UTC, money is dollars.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from distill.errors import UsageError
from distill.records import Answer, Request
from distill.teacher.store import claims, identity, migrations, queries, rows
from distill.teacher.store.identity import StoreFault
from distill.teacher.store.queries import Attempt, SpenderTotals
from distill.teacher.store.rows import Column, EndedRow, Statement

_QUICK_CHECK_BYTES = 256 * 2**20
"""A file up to this size is checked whole after an unclean stop, in a second or two."""
_FEW = 2
"""Statements of a call; more come from a batch, and are of one or two kinds."""
_MOST_A_COMMIT = 64
"""Writes that share a commit: all who wait for one wake at the same moment, and the loop serves them in one go."""


class Store:
    """One open answer store. Reads are immediate; writes go through `commit`, which groups them."""

    def __init__(self, path: Path) -> None:
        """Open or create; raises UsageError where the file is no answer store, is damaged, or is of a newer version."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = path
        identity.look(path)
        unclean = path.with_name(f"{path.name}-wal").exists() and path.stat().st_size <= _QUICK_CHECK_BYTES
        try:
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        except sqlite3.DatabaseError as fault:
            raise identity.refusal(path, fault) from fault
        try:
            self._prepare(unclean=unclean)
            # Reads have their own connection: on the writer's they would see what is not committed yet.
            self.reader = sqlite3.connect(path, timeout=30, isolation_level=None)
        except BaseException as fault:
            self._db.close()
            if isinstance(fault, sqlite3.DatabaseError):
                raise identity.refusal(path, fault) from fault
            raise
        self.owner = claims.Owner(path.with_name(f"{path.name}-owners"))
        self._queue: list[tuple[list[Statement], asyncio.Future[int]]] = []
        self._writing: asyncio.Task[None] | None = None

    def _prepare(self, *, unclean: bool) -> None:
        marked = identity.check(self._db, self.path)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        # Ids are random, so writes touch the index everywhere: 32 MiB of it stay in memory, and the log is folded into
        # the file every 32 MiB instead of every 4.
        self._db.execute("PRAGMA cache_size=-32768")
        self._db.execute("PRAGMA wal_autocheckpoint=8000")
        migrations.migrate(self._db, self.path)
        if not marked:
            self._db.execute(f"PRAGMA application_id={identity.APPLICATION}")
        if unclean and (said := self._db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise UsageError(
                f"{self.path} is damaged ({said}); copy it away, fix it with `sqlite3 FILE .recover`, and run again"
            )

    def close(self) -> None:
        """Close the file; nothing is pending, since every write was awaited."""
        self.owner.close()
        self.reader.close()
        self._db.close()

    def get(self, request_id: str) -> Answer | None:
        """The kept answer of a request, or None where it is pending."""
        row = self.reader.execute(rows.READ, (request_id,)).fetchone()
        return None if row is None else rows.read(request_id, row)

    def query(self, sql: str, values: Sequence[Column] = ()) -> sqlite3.Cursor:
        """Rows of what is committed."""
        return self.reader.execute(sql, values)

    def held(self, request_ids: Sequence[str]) -> set[str]:
        """Those of at most some hundred requests that are answered already."""
        marks = ",".join("?" * len(request_ids))
        query = f"SELECT request_id FROM answers WHERE request_id IN ({marks})"  # noqa: S608 - only question marks are put in
        return {row[0] for row in self.reader.execute(query, list(request_ids))}

    @property
    def batches_open(self) -> bool:
        """Whether any row is at a host just now."""
        query = "SELECT 1 FROM batches WHERE state NOT IN ('collected', 'abandoned') LIMIT 1"
        return self.reader.execute(query).fetchone() is not None

    def in_batches(self, request_ids: Sequence[str]) -> set[str]:
        """Those of at most some hundred requests that are in an open batch: nobody may send them again."""
        marks = ",".join("?" * len(request_ids))
        query = (
            f"SELECT request_id FROM attempts WHERE batch IS NOT NULL AND settled IS NULL AND request_id IN ({marks})"  # noqa: S608 - only question marks are put in
        )
        return {row[0] for row in self.reader.execute(query, list(request_ids))}

    async def intend(
        self, request: Request, *, run: str, spender: str, reserved_usd: float, priced: bool = True, address: str = ""
    ) -> int:
        """Commit that a send is about to happen, of several endpoints to which `address`; returns the attempt's id, 0 where it is
        answered or another process asks it."""
        owner = self.owner.name or None
        values = (request.id, run, spender, rows.now(), reserved_usd, int(priced), owner, address or None)
        return await self.commit([(claims.CLAIM, values)])

    async def free(self, request_id: str) -> bool:
        """Whether no other living process is asking it; what a dead one left open is nobody's from then on."""
        owners = [row[0] for row in self.reader.execute(claims.OWNERS, (request_id, self.owner.name))]
        living = [name for name in owners if self.owner.alive(name)]
        if dead := set(owners) - set(living):
            await self.commit([(claims.RELEASE, (request_id, name)) for name in dead])
        return not living

    async def settle(self, attempt: int, request: Request, answer: Answer) -> None:
        """Commit how an attempt ended, and its answer if it is one, in one transaction."""
        await self.commit(rows.ending(attempt, rows.kept(request), answer, rows.now()))

    async def settle_many(self, ended: Iterable[EndedRow]) -> None:
        """The same for many attempts in one commit."""
        await self.commit(await asyncio.to_thread(rows.endings, ended))

    def write(self, statements: list[Statement]) -> None:
        """Commit statements at once, while nothing else is under way."""
        self._transaction([statements])

    async def commit(self, statements: list[Statement]) -> int:
        """Wait until the statements are on the disk; returns the row id that the last one inserted."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.append((statements, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        """Commit whatever is waiting, in a thread, until nothing is."""
        while self._queue:
            batch, self._queue = self._queue[:_MOST_A_COMMIT], self._queue[_MOST_A_COMMIT:]
            groups = [statements for statements, _ in batch]
            for (_, done), ended in zip(batch, await asyncio.to_thread(self._written, groups), strict=True):
                if done.cancelled():
                    continue
                done.set_exception(ended) if isinstance(ended, Exception) else done.set_result(ended)

    def _written(self, groups: Sequence[Sequence[Statement]]) -> list[int | Exception]:
        """What became of each group: all in one commit, or each alone where one of them holds what no table takes."""
        try:
            return list(self._transaction(groups))
        except sqlite3.OperationalError as error:  # the disk, or who else holds the file
            return [self._fault(error)] * len(groups)
        except Exception as error:  # noqa: BLE001 - a value: too large, half a character, a number that is none
            if len(groups) == 1:
                damaged = type(error) is sqlite3.DatabaseError
                return [self._fault(error) if damaged else error]
            return [ended for group in groups for ended in self._written([group])]

    def _fault(self, error: Exception) -> StoreFault:
        return StoreFault(
            f"{self.path}: an answer could not be written ({error}); free some disk space and run again: it goes on from here"
        )

    def _transaction(self, groups: Iterable[Sequence[Statement]]) -> list[int]:
        """All groups in one commit; the row id that each group's last statement inserted."""
        cursor = self._db.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            ids = []
            for statements in groups:
                if len(statements) > _FEW:
                    for sql, alike in groupby(statements, itemgetter(0)):
                        cursor.executemany(sql, [values for _, values in alike])
                else:
                    for sql, values in statements:
                        cursor.execute(sql, values)
                ids.append(cursor.lastrowid if cursor.rowcount > 0 and cursor.lastrowid else 0)
            cursor.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                cursor.execute("ROLLBACK")
            raise
        return ids

    def spent(self, run: str) -> float:
        return queries.spent_usd(self.reader, run)

    def unpriced(self, run: str) -> int:
        return queries.unpriced_sends(self.reader, run)

    async def rename(self, run: str, to: str) -> None:
        """Put what a run has sent under another name; what is in a batch at the host stays where it is collected."""
        sends = "UPDATE attempts SET run=?2 WHERE run=?1 AND (batch IS NULL OR settled IS NOT NULL)"
        batches = "UPDATE batches SET run=?2 WHERE run=?1 AND state IN ('collected', 'abandoned')"
        await self.commit([(sql, (run, to)) for sql in (sends, batches)])

    def ledger(self, run: str) -> list[SpenderTotals]:
        return queries.spender_totals(self.reader, run)

    def attempts(self, request_id: str) -> list[Attempt]:
        return queries.attempts(self.reader, request_id)


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """An open store, closed whatever happens."""
    store = Store(path)
    try:
        yield store
    except sqlite3.DatabaseError as fault:
        raise identity.refusal(path, fault) from fault
    finally:
        store.close()
