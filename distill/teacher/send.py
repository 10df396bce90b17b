"""The sender of one run: answers the requests that the store lacks, by calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from distill.errors import RowsOwed
from distill.money import Budget
from distill.records import Request
from distill.teacher import counts, runner
from distill.teacher.counts import TokenCounts
from distill.teacher.endpoint.address import Address, Model, opened
from distill.teacher.endpoint.held import HeldModel
from distill.teacher.pace import Pace
from distill.teacher.pending import Pending
from distill.teacher.pool import opening
from distill.teacher.pool.member import Member
from distill.teacher.pool.pool import Pool
from distill.teacher.progress import Progress, Watcher
from distill.teacher.runner import WorkerContext
from distill.teacher.store.store import Store


@dataclass(slots=True, kw_only=True)
class Sender:
    """What one run sends with: the store, the budget over all spenders, and who watches."""

    store: Store
    run: str
    budget: Budget
    watch: Watcher
    wait: bool = False
    """Whether to stay until batches have ended."""
    deadline: datetime | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    sends: int = 0
    replayed: int = 0
    _paces: dict[tuple[str, str], Pace] = field(default_factory=dict)
    _counts: dict[tuple[str, str], TokenCounts] = field(default_factory=dict)
    _held: HeldModel | None = None

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[HeldModel]:
        """Within the block a model of this machine stays up from one call of `live` to the next, until another is asked."""
        self._held = held = HeldModel()
        try:
            yield held
        finally:
            self._held = None
            await held.close()

    async def live(self, requests: Sequence[Request], at: Model, spender: str) -> Progress:
        """Answer what is pending by calls, now; rows that are in a batch are left to it."""
        address, limits = at.address, at.limits
        progress = Progress(total=len(requests))
        pending = Pending(requests, self.store, progress)
        if not await pending.any():
            self.replayed += progress.replayed
            self.watch.progress(spender, progress)
            return progress
        async with self._pool(at) as pool:
            context = WorkerContext(
                pool=pool, store=self.store, run=self.run, spender=spender, budget=self.budget, price=address.price,
                counts=await self.counts(address), attempts=limits.attempts, unknown=limits.unknown,
                patience_s=limits.patience_s, deadline=self._deadline(), stop=self.stop, progress=progress, say=self.watch.say,
                on_change=lambda now: self.watch.progress(spender, now),
            )  # fmt: skip
            try:
                await runner.run(pending, context, in_flight=limits.in_flight * len(pool.members))
            finally:
                self.sends += progress.sends
                self.replayed += progress.replayed
        if self.stop.is_set():
            left = (progress.total or 0) - progress.done
            raise Interrupted(
                f"interrupted: {progress.done} of {progress.total} rows are answered and kept, {left} are pending; run again to go on"
            )
        return progress

    def _deadline(self) -> float | None:
        """The run's, in monotonic seconds."""
        if self.deadline is None:
            return None
        return time.monotonic() + (self.deadline - datetime.now(UTC)).total_seconds()

    async def counts(self, address: Address) -> TokenCounts:
        """What a model's endpoint counts, as the store's answers show it; shared like its pace."""
        key = (address.identity, address.model)
        if key not in self._counts:
            held = counts.stored_usage(self.store, *key)
            self._counts[key] = await asyncio.to_thread(counts.learnt, TokenCounts(), held)
            for said in self._counts[key].warnings:
                self.watch.say(f"  by the answers so far, {said}")
        return self._counts[key]

    @asynccontextmanager
    async def _pool(self, at: Model) -> AsyncIterator[Pool]:
        """The endpoints of a model, started or reached."""
        address = at.address
        if address.several:
            async with opening.opened(address, lambda url: self.pace(at, url), self.watch.say) as pool:
                yield pool
            return
        async with self._held.at(address) if self._held else opened(address) as client:
            yield Pool([Member(client, self.pace(at))])

    def rates(self, at: Model) -> tuple[int | None, int | None]:
        """Requests and tokens a minute that the endpoints of a model allow together, as far as each has said so."""
        whose, model = at.address.identity, at.address.model
        several = [pace for (name, one), pace in self._paces.items() if one == model and name.startswith(f"{whose} ")]
        paces = several if at.address.several else [self.pace(at)]
        requests, tokens = ([getattr(one, f"{what}_per_minute") for one in paces] for what in ("requests", "tokens"))
        return _sum(requests), _sum(tokens)

    def pace(self, at: Model, url: str = "") -> Pace:
        """One pace a model of an endpoint, whoever asks it: what was learnt for the dataset holds for the comparison.
        Of several endpoints each has its own, by its URL.
        """
        key, limits = (f"{at.address.identity} {url}".rstrip(), at.address.model), at.limits
        if key not in self._paces:
            self._paces[key] = Pace(
                requests_per_minute=limits.requests_per_minute,
                tokens_per_minute=limits.tokens_per_minute,
                in_flight=limits.in_flight,
            )
        return self._paces[key]


def _sum(limits: Sequence[int | None]) -> int | None:
    known = [limit for limit in limits if limit is not None]
    return sum(known) if known and len(known) == len(limits) else None


class Interrupted(RowsOwed):
    """The first Ctrl-C: what was in flight came home, the rest is pending."""

    exit_code = 130
