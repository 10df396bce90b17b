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
        async with self._held.at(address) if self._held else opened(address) as teacher:
            context = WorkerContext(
                teacher=teacher, store=self.store, run=self.run, spender=spender, budget=self.budget, price=address.price,
                pace=self.pace(at), counts=await self.counts(address), attempts=limits.attempts, unknown=limits.unknown,
                patience_s=limits.patience_s, deadline=self._deadline(), stop=self.stop, progress=progress, say=self.watch.say,
                on_change=lambda now: self.watch.progress(spender, now),
            )  # fmt: skip
            try:
                await runner.run(pending, context, in_flight=limits.in_flight)
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

    def pace(self, at: Model) -> Pace:
        """One pace a model of an endpoint, whoever asks it: what was learnt for the dataset holds for the comparison."""
        key, limits = (at.address.identity, at.address.model), at.limits
        if key not in self._paces:
            self._paces[key] = Pace(
                requests_per_minute=limits.requests_per_minute,
                tokens_per_minute=limits.tokens_per_minute,
                in_flight=limits.in_flight,
            )
        return self._paces[key]


class Interrupted(RowsOwed):
    """The first Ctrl-C: what was in flight came home, the rest is pending."""

    exit_code = 130
