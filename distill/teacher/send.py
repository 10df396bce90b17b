"""Requests from seeds, and sending those that the store lacks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from distill import finish_reason
from distill.chat import conversation
from distill.chat.templates import Template
from distill.errors import RowsOwed
from distill.money import Budget
from distill.records import LIMIT_NAMES, Answer, Ended, Json, Request
from distill.teacher import counts, runner
from distill.teacher.batch import journal, open_batches
from distill.teacher.counts import TokenCounts
from distill.teacher.endpoint import payload
from distill.teacher.endpoint.address import Address, opened
from distill.teacher.pace import Pace
from distill.teacher.pending import Pending
from distill.teacher.progress import Progress, Watcher
from distill.teacher.runner import WorkerContext
from distill.teacher.store.store import Store

if TYPE_CHECKING:
    from distill.spec import Sampling
    from distill.teacher.endpoint.model import Model

OWED = "owed"
"""The reason of a request that may still be answered: none of its sends has ended, or it is in a batch."""


def request(
    fields: Mapping[str, Json], *, template: Template, address: Address, sampling: Sampling,
    output: Mapping[str, Any] | None = None, tools: Sequence[Mapping[str, Any]] = (), draw: int = 0, own: bool = False,
) -> Request:  # fmt: skip
    """One row's request to one model; `own`: with what the row itself is asked with, if it brings some."""
    brought = fields.get(conversation.REQUEST) if own else None
    return said(
        template.fill(fields), address=address, sampling=sampling, output=output, tools=tools, draw=draw, own=brought
    )


def said(
    turns: Sequence[Mapping[str, Json]], *, address: Address, sampling: Sampling,
    output: Mapping[str, Any] | None = None, tools: Sequence[Mapping[str, Any]] = (), draw: int = 0,
    own: Mapping[str, Json] | None = None,
) -> Request:  # fmt: skip
    """A conversation as a request to one model; `own` is what its row is asked with, before the task's tools."""
    sent = payload.body(
        turns, model=address.model, dialect=address.dialect, output=output, tools=tools, max_tokens=sampling.max_tokens,
        temperature=sampling.temperature, top_p=sampling.top_p, extra=sampling.extra,
        seed=None if sampling.seed is None else sampling.seed + draw, own=own or {},
    )  # fmt: skip
    return Request(address.identity, sent, draw)


def final(store: Store, asked: Request, raise_to: int | None) -> tuple[Request, Answer | None]:
    """The answer that counts for a request, and what was sent for it: where it was cut off, the raised one's, if held."""
    answer = store.get(asked.id)
    if raise_to is None or answer is None or answer.finish_reason != finish_reason.LENGTH:
        return asked, answer
    again = raised(asked, raise_to)
    better = store.get(again.id)
    return (again, better) if better is not None else (asked, answer)


def why_unanswered(store: Store, request_id: str) -> tuple[str, str]:
    """Reason and detail of a request without an answer, by its sends; the reason is `owed` while no send has ended."""
    attempts = store.attempts(request_id)
    ended = [attempt for attempt in attempts if attempt.ended]
    if (batch := journal.where(store, request_id)) is not None:
        return OWED, f"in {open_batches.named(batch)}"
    if not ended:
        return OWED, "not sent yet" if not attempts else f"sent {len(attempts)} times, the outcome is unknown"
    return str(ended[-1].ended), f"after {len(attempts)} sends: {ended[-1].error}"


def why_pending(store: Store, request_id: str) -> str:
    """The same in one sentence."""
    reason, detail = why_unanswered(store, request_id)
    return detail if reason == OWED else f"{reason} {detail}"


def refused(store: Store, request: Request) -> bool:
    """Whether the endpoint has said that it will never take this row: asking again would only say so again."""
    ended = [attempt.ended for attempt in store.attempts(request.id) if attempt.ended]
    return bool(ended) and ended[-1] == Ended.REFUSED


def raised(asked: Request, raise_to: int) -> Request:
    limit = next(name for name in LIMIT_NAMES if name in asked.body)
    return Request(asked.endpoint, {**asked.body, limit: raise_to}, asked.draw)


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

    async def live(self, requests: Sequence[Request], at: Model, spender: str) -> Progress:
        """Answer what is pending by calls, now; rows that are in a batch are left to it."""
        address, limits = at.address, at.limits
        progress = Progress(total=len(requests))
        pending = Pending(requests, self.store, progress)
        if not await pending.any():
            self.replayed += progress.replayed
            self.watch.progress(spender, progress)
            return progress
        async with opened(address) as teacher:
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
        limits = at.limits
        return self._paces.setdefault(
            (at.address.identity, at.address.model),
            Pace(
                requests_per_minute=limits.requests_per_minute,
                tokens_per_minute=limits.tokens_per_minute,
                in_flight=limits.in_flight,
            ),
        )


class Interrupted(RowsOwed):
    """The first Ctrl-C: what was in flight came home, the rest is pending."""

    exit_code = 130
