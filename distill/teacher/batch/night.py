"""One round of a night: recover what a crash left, look at what is out, collect what has ended, submit what is owed.

Any process can do a round at any time: all that must be remembered is in the book, written before the step at the host.
A row is in at most one open batch, and in none that is open is it ever sent live.

    made, uploaded   the batch was certainly not created: abandoned, its rows are owed again
    creating         perhaps it was: the host's batches are searched for our key, and one that is found is adopted;
                     where there is none after `grace_s`, it is abandoned
    submitted        looked at; collected once it has ended, however it ended
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from distill.errors import AccessRefused, BudgetReached, DistillError, RowsOwed
from distill.money import Budget, Price, most_usd, price_of
from distill.records import Answer, Ended, Request, Usage
from distill.teacher.batch import book, ingest, shard
from distill.teacher.batch.book import Batch
from distill.teacher.batch.host import Host, HostFault, Look, NotThere, Refused
from distill.teacher.ceiling import ceiling
from distill.teacher.collector import short_collections
from distill.teacher.rows import Asked
from distill.teacher.store import Store
from distill.teacher.tally import Tally

_AT_ONCE = 256
_FEW, _FEW_SHARE = 20, 0.01
"""Fewer rows, or a smaller share of all, wait until nothing else is out, unless they are the rest of a larger lot."""
_STALE_S = 3600.0
"""After which an input file that no open batch names was left by a crash, and is not just being written."""
_LESS = 8
"""Of the enqueued tokens that a host names, not less than this part is taken for its limit: it may count other tokens
than we do, but if it still refuses, its room is taken by somebody else."""
_TOKEN_LIMIT = "token_limit"  # noqa: S105 - a code of hosts
_NEVER_MADE = "the batch was never made at the host"


@dataclass(slots=True, kw_only=True)
class Night:
    """What the rounds of one spender share. `url` is the path that the rows are for, `endpoint` the requests' identity."""

    host: Host
    store: Store
    run: str
    spender: str
    endpoint: str
    model: str
    url: str
    budget: Budget
    price: Price | None
    most: shard.Most
    attempts: int = 6
    unknown: int = 3
    grace_s: float = 60.0
    lost_s: float = 3600.0
    keep_files: bool = False
    say: Callable[[str], None] = lambda _text: None
    tally: Tally = field(default_factory=Tally)
    waiting: int = 0
    """Rows of the last round that no batch had room for."""
    _asked: Sequence[Request] = field(default=(), init=False)
    _tidied: bool = field(default=False, init=False)
    _empty: int = field(default=0, init=False)
    """Batches one after another that brought nothing about."""
    _enqueued: int | None = field(default=None, init=False)
    _within: dict[str, int] = field(default_factory=dict, init=False)
    """The enqueued tokens that a batch was made for, by its key."""
    _usd: dict[Usage, float] = field(default_factory=dict, init=False)
    """The most that a usage can cost: in 50,000 rows there are some hundred."""
    _told: dict[str, str] = field(default_factory=dict, init=False)
    _cancelled: set[str] = field(default_factory=set, init=False)

    @property
    def folder(self) -> Path:
        return self.store.path.parent / "batches"

    @property
    def out(self) -> list[Batch]:
        """Batches of this spender at this endpoint that are not collected."""
        mine = (self.spender, self.endpoint)
        return [one for one in book.opened(self.store, self.run) if (one.spender, one.endpoint) == mine]

    async def round(self, requests: Sequence[Request], *, submit: bool = True) -> None:
        """Recover, look, collect, submit. Faults of the host are said and left to the next round; `AccessRefused`,
        `BudgetReached` and batches that the host will never take are raised, after all that is out was looked at.
        """
        self._asked = requests
        self._tidy()
        fatal: DistillError | None = None
        for batch in self.out:
            try:
                with self._patient(batch):
                    await (self._look(batch) if batch.state == "submitted" else self._recover(batch))
            except (AccessRefused, RowsOwed) as fault:
                fatal = fatal or fault
        if fatal is not None:
            raise fatal
        if submit:
            await self._submit(requests)
        self.tally.waiting = sum(batch.requests for batch in self.out)

    async def cancel(self) -> None:
        """Ask the host to end every batch that is out; what it has answered by then is collected as always."""
        for batch in self.out:
            if batch.batch_id and batch.key not in self._cancelled:
                with self._patient(batch):
                    await self.host.cancel(batch.batch_id)
                    self._cancelled.add(batch.key)

    def _patient(self, batch: Batch) -> _Patience:
        return _Patience(self, batch)

    # what a crash left

    def _tidy(self) -> None:
        """Once a night: input files that were written and never entered in the book."""
        if self._tidied or not self.folder.exists():
            return
        self._tidied, now = True, time.time()
        keys = {batch.key for batch in book.opened(self.store)}
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):  # another process tidies as well
                if path.name.partition(".")[0] not in keys and now - path.stat().st_mtime > _STALE_S:
                    path.unlink()

    async def _recover(self, batch: Batch) -> None:
        if batch.state == "creating":
            found = await self.host.find(batch.key)
            for twin in found[1:]:
                await self.host.cancel(twin.id)
            if found:
                self.say(f"  batch {found[0].id} is found again at the host")
                await book.note(self.store, batch.key, state="submitted", batch_id=found[0].id)
                return
            if book.since_s(batch.submitted) < self.grace_s:
                return  # it may still appear
        await self._abandon(batch)

    async def _abandon(self, batch: Batch) -> None:
        """Its rows are owed again; nothing of it was billed."""
        rows = await book.rows(self.store, batch.key)
        ended = [
            (attempt, (request, batch.endpoint, 0, ""), Answer(request, Ended.EXPIRED, error=_NEVER_MADE))
            for request, (attempt, _) in rows.items()
        ]
        await self._settle(ended, rows)
        await book.note(self.store, batch.key, state="abandoned", error=_NEVER_MADE)
        self._file(batch.key).unlink(missing_ok=True)
        left = [batch.file_id] if batch.file_id else await self.host.named(f"{batch.key}.jsonl")
        for file_id in left:
            await self.host.delete(file_id)

    # what is out

    async def _look(self, batch: Batch) -> None:
        try:
            look = await self.host.look(batch.batch_id or "")
        except NotThere:
            await self._lost(batch)
            return
        if batch.error:
            await book.note(self.store, batch.key, error=None)
        if look.ended:
            await self._collect(batch, look)
        elif self._told.get(batch.key) != look.status:
            self._told[batch.key] = look.status
            self.say(f"  batch {look.id}: {look.status}, {look.done:,} of {batch.requests:,} rows done")

    async def _lost(self, batch: Batch) -> None:
        """A host forgets a batch for a moment, or for ever: only when it stays away are its rows owed again."""
        since = batch.error.removeprefix("not found since ") if batch.error else book.now()
        await book.note(self.store, batch.key, error=f"not found since {since}")
        if book.since_s(since) < self.lost_s or await self.host.find(batch.key):
            self.say(f"  batch {batch.batch_id}: the host does not know it just now")
            return
        async with shard.reading(await self._sent(batch)) as sent:
            reader = self._reader(batch, sent, await book.rows(self.store, batch.key))
            await self._settle(reader.missing("completed"), reader.open)  # it may have been billed
        await self._collected(batch, None, f"lost at the host since {since}")

    async def _collect(self, batch: Batch, look: Look) -> None:
        """All that an ended batch holds, whatever its end is called; nothing where a crash left only the files to remove."""
        refused = False
        if rows := await book.rows(self.store, batch.key):
            refused = await self._ingest(batch, look, rows)
        await self._collected(batch, look, None if look.status == "completed" else _why(look))
        if refused:
            raise AccessRefused(
                f"the endpoint refused rows of batch {look.id} its key, quota or model; what was answered is kept"
            )
        self._learn(batch, look)

    async def _ingest(self, batch: Batch, look: Look, rows: dict[str, tuple[int, float]]) -> bool:
        """Settle every row; whether one was refused all access."""
        refused = False
        async with shard.reading(await self._sent(batch)) as sent:
            reader = self._reader(batch, sent, rows)
            for file_id in filter(None, (look.output_file_id, look.error_file_id)):
                path = self.folder / f"{batch.key}.{file_id}.jsonl".replace("/", "_")
                await self.host.download(file_id, path)
                with short_collections():
                    for lines in ingest.lines(path):
                        ended = await asyncio.to_thread(reader.chunk, lines)
                        refused = refused or any(answer.ended is Ended.NO_ACCESS for _, _, answer in ended)
                        await self._settle(ended, reader.open)
                path.unlink()
            await self._settle(reader.refused(look.faults), reader.open)
            await self._settle(reader.missing(look.status), reader.open)
        odd = reader.oddities
        strange = {"unknown ids": odd.unknown_ids, "repeated rows": odd.repeated, "unreadable lines": odd.unreadable}
        if any(strange.values()):
            self.say("    left aside: " + ", ".join(f"{count} {name}" for name, count in strange.items() if count))
        return refused

    def _reader(self, batch: Batch, sent: shard.Reader, rows: dict[str, tuple[int, float]]) -> ingest.Ingest:
        """For the rows that are not settled yet; a batch of a model that the spec named before has its own price."""
        price = self.price if batch.model == self.model else price_of(batch.model, batch=True) or self.price
        return ingest.Ingest(sent, batch.endpoint, price, rows)

    async def _collected(self, batch: Batch, look: Look | None, error: str | None) -> None:
        """Remove the files and close the entry, in this order: an open entry is how the files are found after a crash."""
        found = (look.file_id, look.output_file_id, look.error_file_id) if look else (batch.file_id,)
        for file_id in () if self.keep_files else filter(None, found):
            with suppress(HostFault, AccessRefused):  # they expire by themselves; no answer hangs on it
                await self.host.delete(file_id)
        for path in self.folder.glob(f"{batch.key}.*"):  # also what was downloaded before a crash
            path.unlink(missing_ok=True)
        count, moment = book.answered(self.store, batch.key), book.now()
        await book.note(
            self.store, batch.key, state="collected", ended=moment, collected=moment, answered=count, error=error
        )
        if book.decided(self.store, batch.key):
            self._empty = 0
        elif not self.out:
            self._empty += 1
        self.say(f"  batch {batch.batch_id}: {error or 'completed'}; {count:,} of {batch.requests:,} rows answered")

    def _learn(self, batch: Batch, look: Look) -> None:
        """What an end tells: a limit of enqueued tokens, or that the host will never take or never do such a batch."""
        limit = next((message for _, code, message in look.faults if _TOKEN_LIMIT in code), None)
        if limit is not None:
            self._enqueued = self._limited(batch, _limit_of(limit))
            self.say(f"  the host takes {self._enqueued:,} enqueued tokens: batches go one after another")
        elif look.status == "failed" and all(line is None for line, _, _ in look.faults):
            raise RowsOwed(
                f"the host refuses the batch: {_why(look)}. Nothing was billed; mend what it names and run again"
            )
        if self._empty >= self.attempts:
            raise RowsOwed(
                f"{self._empty} batches one after another came to no answer ({_why(look)}). Run again later, or set "
                "teacher.mode to live; `distill explain` shows each row's sends"
            )

    def _limited(self, batch: Batch, named: int | None) -> int:
        """The enqueued tokens to go by from now on: as the host names them, and less where that was not enough."""
        limit = named or max(1, batch.tokens // 2)
        within = self._within.get(batch.key)
        return limit if within is None else max(1, limit // _LESS, min(limit, within // 2))

    async def _settle(
        self, ended: Sequence[tuple[int, Asked, Answer]], booked: Mapping[str, tuple[int, float]]
    ) -> None:
        """Commit, then count: what is counted is on the disk."""
        if not ended:
            return
        await self.store.settle_many(ended)
        usd = math.fsum(answer.usd for _, _, answer in ended)
        self.budget.correct(math.fsum(booked[asked[0]][1] for _, asked, _ in ended), usd)
        self.tally.usd += usd
        self.tally.answered += sum(answer.ok for _, _, answer in ended)
        self.tally.prompt_tokens += sum(answer.usage.prompt_tokens for _, _, answer in ended)
        self.tally.completion_tokens += sum(answer.usage.completion_tokens for _, _, answer in ended)

    # what is owed

    async def _submit(self, requests: Iterable[Request]) -> None:
        """Every owed row into batches, as far as the budget and the host's tokens reach."""
        owed = self._owed(requests)
        self.waiting = self.tally.failed = 0
        request, before = next(owed, None), {batch.key for batch in self.out}
        while request is not None:
            room, key = self._room(), book.new_key()
            full = room.tokens == 0
            with shard.Writer(self._file(key), room) as writer:
                while request is not None and not full:
                    full = not self._add(writer, request)
                    request = request if full else next(owed, None)
                    if len(writer.rows) % _AT_ONCE == 0:
                        await asyncio.sleep(0)
                await asyncio.to_thread(writer.sync)
            if not writer.rows or (request is None and before and self._too_few(writer, before)):
                writer.path.unlink()
                if request is not None and not self.out:
                    usd = self._worst(request)[1]
                    await self.budget.reserve_in_turn(
                        usd
                    )  # behind others' live calls; raises what says why nothing goes
                    self.budget.settle(usd, 0.0)
                    continue
                self.waiting = len(writer.rows) + (request is not None) + sum(1 for _ in owed)
                return
            if room.tokens is not None:
                self._within[key] = room.tokens
            await self._send(key, writer)

    def _too_few(self, writer: shard.Writer, before: set[str]) -> bool:
        """Whether the rows should wait for those that were out before and may come back: a batch for each is of no use."""
        rest = any(batch.key not in before for batch in self.out)
        return not rest and len(writer.rows) < max(_FEW, _FEW_SHARE * (self.tally.total or 0))

    def _owed(self, requests: Iterable[Request]) -> Iterator[Request]:
        """Those that have no answer, are in no batch and were not given up."""
        source, taken, replayed = iter(requests), set[str](), -self.tally.answered
        while part := list(islice(source, _AT_ONCE)):
            ids = [request.id for request in part]
            held, busy = self.store.held(ids), self.store.in_batches(ids)
            ended = book.tries(self.store, self.run, ids)
            for request in part:
                if request.id in held:
                    replayed += 1
                elif request.id in busy or request.id in taken:
                    continue
                elif self._given_up(ended.get(request.id, ())):
                    self.tally.failed += 1
                else:
                    taken.add(request.id)
                    yield request
        self.tally.replayed = max(0, replayed)

    def _given_up(self, ended: Sequence[str]) -> bool:
        failures = [Ended(one) for one in ended if one not in (Ended.EXPIRED, Ended.RATE_LIMITED)]
        unknown = sum(one.maybe_billed for one in failures)
        return Ended.REFUSED in failures or len(failures) >= self.attempts or unknown >= self.unknown

    def _room(self) -> shard.Most:
        """What the next batch may hold beside those that are out."""
        limits = [limit for limit in (self.most.tokens, self._enqueued) if limit is not None]
        if not limits:
            return self.most
        left = min(limits) - sum(batch.tokens for batch in self.out)
        return shard.Most(self.most.rows, self.most.bytes, max(0, left))

    def _add(self, writer: shard.Writer, request: Request) -> bool:
        tokens, usd = self._worst(request)
        return self.budget.fits(writer.usd + usd) and writer.add(request, self.url, tokens=tokens, usd=usd)

    def _worst(self, request: Request) -> tuple[int, float]:
        """(prompt tokens, dollars) of a row at the most."""
        most = ceiling(request)
        if self.price is None:
            return most.prompt_tokens, 0.0
        usd = self._usd.get(most)
        if usd is None:
            usd = self._usd[most] = most_usd(self.price, most)
        return most.prompt_tokens, usd

    async def _send(self, key: str, writer: shard.Writer) -> None:
        """Book it, upload it, make it; each step is written down before the next."""
        batch = Batch(
            key, self.run, self.spender, self.endpoint, self.model, len(writer.rows), writer.bytes, writer.tokens, book.now(), "made"
        )  # fmt: skip
        try:
            self.budget.book(writer.usd)
        except BudgetReached:  # another teacher was quicker
            writer.path.unlink()
            raise
        try:
            await book.enter(self.store, batch, writer.rows)
        except BaseException:
            self.budget.correct(writer.usd, 0.0)
            raise
        self.tally.sends += batch.requests
        try:
            file_id = await self.host.upload(writer.path)
            await book.note(self.store, key, state="uploaded", file_id=file_id)
            await book.note(self.store, key, state="creating", submitted=book.now())
            look = await self.host.create(file_id, url=self.url, key=key)
        except Refused as fault:
            await self._abandon(next(one for one in self.out if one.key == key))
            raise RowsOwed(
                f"the host refuses the batch: {fault}. Nothing was billed; mend what it names and run again"
            ) from None
        except HostFault as fault:
            self.say(f"  a batch of {batch.requests:,} rows is perhaps not made ({fault}); the next round looks for it")
            return
        await book.note(self.store, key, state="submitted", batch_id=look.id)
        self.say(f"  batch {look.id}: {batch.requests:,} rows submitted, at most ${writer.usd:.4f}")

    async def _sent(self, batch: Batch) -> Path:
        """The input file of a batch; where it was removed or torn here, the host has it still, or it is written again."""
        path = self._file(batch.key)
        if path.exists() and path.stat().st_size == batch.bytes:
            return path
        aside = path.with_suffix(".part")
        aside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            await self.host.download(batch.file_id or "", aside)
        except NotThere:
            known = {request.id: request for request in self._asked}
            with aside.open("wb") as file:
                for name in book.order(self.store, batch.key):
                    file.write(shard.line(known[name], self.url) if name in known else shard.stub(name, self.url))
        aside.replace(path)
        return path

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.jsonl"


class _Patience:
    """A fault of the host in one batch is said and does not stop the round."""

    def __init__(self, night: Night, batch: Batch) -> None:
        self._night, self._batch = night, batch

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: object) -> bool:
        if not isinstance(fault, HostFault):
            return False
        self._night.say(f"  batch {self._batch.batch_id or self._batch.key}: {fault}; the next round tries again")
        return True


def _why(look: Look) -> str:
    """The end of a batch in a few words, with the first fault of a validation."""
    if not look.faults:
        return look.status
    line, code, message = look.faults[0]
    where = f" at line {line}" if line else ""
    more = f", and {len(look.faults) - 1} more" if len(look.faults) > 1 else ""
    return f"{look.status}: {code}{where}: {message}{more}"


def _limit_of(message: str) -> int | None:
    """The number that a host names as its limit of enqueued tokens."""
    found = re.search(r"limit\D{0,40}?(\d[\d,]*)", message, re.IGNORECASE)
    return int(found[1].replace(",", "")) if found else None
