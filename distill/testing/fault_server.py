"""A server that misbehaves on purpose: completions, files and batches on 127.0.0.1, with the faults of real endpoints.

    async with serve(Script(seed=7, faults={"500": 0.05})) as server:      # server.base_url, server.ledger
        ...

An answer is a function of the request, so a run through any faults ends in the same dataset. Which fault an attempt
meets is a function of the seed, the request and how often it was asked before, so a rehearsal can be repeated. The
ledger is what a provider would bill: one entry a request that was read, and answers are billed even where the line
breaks before they arrive. Limits are sliding windows, announced in `x-ratelimit-*` and held with honest 429s.

Chat completions and the Responses API are answered here, files and batches by `testing.batch`, into the same ledger;
`GET /ledger` shows it to another process.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from distill.records import Request
from distill.teacher.batch.files.input_file import read
from distill.testing.batch import routes as batch_routes
from distill.testing.batch.states import BatchScript, BatchStates
from distill.testing.completions import complete
from distill.testing.dialects.draw import Dialects, chosen, luck
from distill.testing.faults import FAULTS, OF_CHAT, GoodAnswer, HttpReply, http, in_dialect, limited
from distill.testing.http_connection import Call, Connection
from distill.testing.ledger import Ledger

WINDOW_S = 60.0
_COMPLETIONS = ("/chat/completions", "/responses")


@dataclass(frozen=True, slots=True)
class Script:
    """How the server behaves. `faults` maps a name of FAULTS to the share of attempts that meet it."""

    seed: int = 0
    faults: Mapping[str, float] = field(default_factory=dict)
    latency_s: float = 0.0
    retry_after_s: float = 1.0
    dialects: Mapping[str, float] = field(default_factory=dict)
    """Servers or kinds of `testing.dialects` to the share of attempts that meet one, of those that meet no fault; read at the start."""
    dialect_drop: bool = False
    dialect_stop: bool = False
    """Whether they also meet bodies that cost a row, and such as end a run."""
    escalate: float = 1.0
    """Each further send of a request that is refused is asked for so many times the patience of the one before."""
    storm: tuple[float, float] | None = None
    """Seconds after the first request between which every request gets a 429."""
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    usd_per_million: tuple[float, float] = (1.0, 1.0)
    """What the ledger charges for a million tokens in and out."""
    key: str | None = None
    """Where given, any other key is refused with 401."""
    batch: BatchScript = field(default_factory=BatchScript)
    """How files and batches behave."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.faults) - set(FAULTS))
        if unknown:
            raise ValueError(f"no fault {unknown[0]!r}; there are {', '.join(FAULTS)}")
        if sum(self.faults.values()) > 1:
            raise ValueError(f"the shares of the faults come to {sum(self.faults.values()):g}, more than 1")

    def drawn(self) -> Dialects:
        """The dialects of one server; ValueError where one is none."""
        return Dialects(self.dialects, self.dialect_drop, self.dialect_stop, self.seed, self.retry_after_s)


@dataclass(slots=True)
class Server:
    """A server that listens; `script` may be changed while it runs, and so may `states.script`."""

    script: Script
    ledger: Ledger
    states: BatchStates
    dialects: Dialects
    base_url: str = ""
    _first: float | None = None
    _in_flight: int = 0
    _window: deque[tuple[float, int]] = field(default_factory=deque)
    _tokens: int = 0
    _not_before: dict[str, float] = field(default_factory=dict)

    def answer(self, call: Call) -> tuple[HttpReply, float]:
        """The reply to one request, and seconds to wait before it."""
        if call.method == "POST" and call.path.endswith(_COMPLETIONS):
            call.counted = True
            self._in_flight += 1
            self.ledger.most_in_flight = max(self.ledger.most_in_flight, self._in_flight)
            return self.handle(call.body, call.headers.get("authorization", ""))
        return batch_routes.answer(self.states, call, key=self.script.key), 0.0

    def ended(self, call: Call) -> None:
        self._in_flight -= call.counted

    def handle(self, body: bytes | bytearray, key: str) -> tuple[HttpReply, float]:
        """The reply to one completion, and seconds to wait before it."""
        now = time.monotonic()
        self._first = self._first or now
        request = Request("", read(body))
        name = request.id
        asked = self.ledger.sends[name]
        self.ledger.sends[name] += 1
        early = now < self._not_before.get(name, 0.0) - 0.002
        if self.script.key is not None and key != f"Bearer {self.script.key}":
            self.ledger.book(name, "401", 401, (0, 0), early=early)
            return FAULTS["401"](GoodAnswer(b"", 0)), 0.0
        completion = complete(request, size=len(body))
        usage = (completion.prompt_tokens, completion.completion_tokens)
        if (refused := self._over_limit(name, now, sum(usage))) is not None:
            self.ledger.book(name, "limit", refused.status, (0, 0), early=early)
            return refused, 0.0
        patience_s = self.script.retry_after_s * self.script.escalate**asked
        answer = GoodAnswer(completion.body, patience_s)
        fault = "429" if self._storming(now) else chosen(self.script.faults, luck(self.script.seed, name, asked))
        if not fault and (met := self.dialects.meet(request, completion)) is not None:
            if met.wait_s is not None:
                self._not_before[name] = now + met.wait_s
            self.ledger.book(name, met.name, met.status, met.billed, early=early)
            return in_dialect(met.status, met.headers, met.body), self.script.latency_s
        if not fault or (fault in OF_CHAT and "input" in request.body):
            fault, reply = "", HttpReply(200, (http(200, answer.body, headers=self._headers()),))
        else:
            reply = FAULTS[fault](answer)
            if reply.status in (429, 503):
                self._not_before[name] = now + patience_s
        billed = usage if reply.status in (0, 200) and fault != "error-200" else (0, 0)
        self.ledger.book(name, fault, reply.status, billed, early=early)
        return reply, self.script.latency_s

    def _storming(self, now: float) -> bool:
        storm = self.script.storm
        return storm is not None and storm[0] <= now - (self._first or now) < storm[1]

    def _over_limit(self, name: str, now: float, tokens: int) -> HttpReply | None:
        """A 429 where the request would pass a window; else the request is counted."""
        script = self.script
        if script.requests_per_minute is None and script.tokens_per_minute is None:
            return None
        while self._window and self._window[0][0] <= now - WINDOW_S:
            self._tokens -= self._window.popleft()[1]
        full = len(self._window) >= (script.requests_per_minute or 10**9)
        if full or (self._window and self._tokens + tokens > (script.tokens_per_minute or 10**12)):
            wait = self._window[0][0] + WINDOW_S - now
            self._not_before[name] = now + wait
            return limited(f"retry-after-ms: {wait * 1000:.0f}\r\n{self._headers()}")
        self._window.append((now, tokens))
        self._tokens += tokens
        return None

    def _headers(self) -> str:
        """What OpenAI tells of its limits."""
        script, lines = self.script, []
        reset = max(0.0, self._window[0][0] + WINDOW_S - time.monotonic()) if self._window else 0.0
        for name, limit, used in (
            ("requests", script.requests_per_minute, len(self._window)),
            ("tokens", script.tokens_per_minute, self._tokens),
        ):
            if limit is not None:
                left = max(0, limit - used)
                lines.append(f"x-ratelimit-limit-{name}: {limit}\r\nx-ratelimit-remaining-{name}: {left}\r\n")
                lines.append(f"x-ratelimit-reset-{name}: {reset:.3f}s\r\n")
        return "".join(lines)


@asynccontextmanager
async def serve(script: Script | None = None, *, port: int = 0, keep_entries: bool = True) -> AsyncIterator[Server]:
    """The server, listening on 127.0.0.1 until the block ends; `port` 0 takes a free one."""
    script = script or Script()
    ledger = Ledger(keep_entries=keep_entries, usd_per_million=script.usd_per_million)
    dialects = script.drawn()
    server = Server(script, ledger, BatchStates(script.batch, ledger, seed=script.seed, dialects=dialects), dialects)
    loop = asyncio.get_running_loop()
    made = partial(Connection, server.answer, server.ended)
    listener = await loop.create_server(made, "127.0.0.1", port, backlog=2048)
    server.base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listener.close()
