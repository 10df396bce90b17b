"""Requests from seeds, and sending those that the store lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from distill.errors import RowsOwed
from distill.flow.watch import Watch
from distill.money import Budget
from distill.prompts import Template
from distill.records import Json, Request
from distill.teacher import runner
from distill.teacher.endpoints import Address, opened
from distill.teacher.limits import Pace
from distill.teacher.runner import Desk, Tally
from distill.teacher.store import Store

if TYPE_CHECKING:
    from distill.spec import Limits, Sampling


def body(
    messages: Sequence[Mapping[str, str]],
    *,
    model: str,
    sampling: Sampling,
    output: Mapping[str, Any] | None,
    draw: int = 0,
) -> dict[str, Json]:
    """A chat request; only what the spec sets is sent, since many servers refuse what they do not know."""
    request: dict[str, Json] = {
        "model": model,
        "messages": [dict(turn) for turn in messages],
        "max_tokens": sampling.max_tokens,
    }
    for name in ("temperature", "top_p"):
        if (value := getattr(sampling, name)) is not None:
            request[name] = value
    if sampling.seed is not None:
        request["seed"] = sampling.seed + draw
    if output is not None:
        plain = {key: value for key, value in output.items() if key not in ("$schema", "title", "$id")}
        schema = {"name": str(output.get("title") or "answer"), "strict": True, "schema": plain}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    return request | sampling.extra


def request(
    fields: Mapping[str, Json], *, template: Template, address: Address, sampling: Sampling,
    output: Mapping[str, Any] | None, draw: int = 0,
) -> Request:  # fmt: skip
    """One row's request to one model."""
    chat = body(template.fill(fields), model=address.model, sampling=sampling, output=output, draw=draw)
    return Request(address.identity, chat, draw)


@dataclass(slots=True, kw_only=True)
class Sender:
    """What one run sends with: the store, the budget over all spenders, and who watches."""

    store: Store
    run: str
    budget: Budget
    limits: Limits
    watch: Watch
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    sends: int = 0
    replayed: int = 0

    async def send(self, requests: Sequence[Request], address: Address, *, spender: str) -> Tally:
        """Answer what is owed; starts or reaches the model only if something is. Raises RowsOwed when interrupted."""
        missing = [r for r in requests if self.store.get(r.id) is None]
        tally = Tally(total=len(requests), replayed=len(requests) - len(missing))
        self.replayed += tally.replayed
        self.watch.tally(spender, tally)
        if not missing:
            return tally
        limits = self.limits
        async with opened(address) as teacher:
            desk = Desk(
                teacher=teacher, store=self.store, run=self.run, spender=spender, budget=self.budget, price=address.price,
                pace=Pace(requests_per_minute=limits.requests_per_minute, tokens_per_minute=limits.tokens_per_minute),
                attempts=limits.attempts, stop=self.stop, tally=tally,
                on_change=lambda now: self.watch.tally(spender, now),
            )  # fmt: skip
            try:
                await runner.run(missing, desk, in_flight=limits.in_flight)
            finally:
                self.sends += tally.sends
        if self.stop.is_set():
            owed = (tally.total or 0) - tally.done
            raise Interrupted(
                f"interrupted: {tally.done} of {tally.total} rows are answered and kept, {owed} are owed; run again to go on"
            )
        return tally


class Interrupted(RowsOwed):
    """The first Ctrl-C: what was in flight came home, the rest is owed."""

    exit_code = 130
