"""A server that misbehaves on purpose: chat completions on 127.0.0.1, with the faults that real endpoints have.

    async with serve(Script(seed=7, faults={"500": 0.05})) as server:      # server.base_url, server.ledger
        ...

An answer is a function of the request, so a run through any faults ends in the same dataset. Which fault an attempt
meets is a function of the seed, the request and how often it was asked before, so a rehearsal can be repeated. The
ledger is what a provider would bill: one entry a request that was read, and answers are billed even where the line
breaks before they arrive. Limits are sliding windows, announced in `x-ratelimit-*` and held with honest 429s.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

from distill.records import Request, ToolCall
from distill.teacher.scripted import calling, fitting
from distill.testing.faults import FAULTS, Answer, Reply, http, limited

WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Script:
    """How the server behaves. `faults` maps a name of FAULTS to the share of attempts that meet it."""

    seed: int = 0
    faults: Mapping[str, float] = field(default_factory=dict)
    latency_s: float = 0.0
    retry_after_s: float = 1.0
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

    def __post_init__(self) -> None:
        unknown = sorted(set(self.faults) - set(FAULTS))
        if unknown:
            raise ValueError(f"no fault {unknown[0]!r}; there are {', '.join(FAULTS)}")
        if sum(self.faults.values()) > 1:
            raise ValueError(f"the shares of the faults come to {sum(self.faults.values()):g}, more than 1")


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that was read. `billed` is what a provider charges for; `early`: before its own Retry-After."""

    at: float
    key: str
    fault: str
    status: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    early: bool

    @property
    def billed(self) -> bool:
        return self.completion_tokens > 0


@dataclass(slots=True)
class Ledger:
    """Everything the server saw; times are monotonic seconds."""

    entries: list[Entry] = field(default_factory=list)
    sends: Counter[str] = field(default_factory=Counter)
    most_in_flight: int = 0

    @property
    def usd(self) -> float:
        return sum(entry.usd for entry in self.entries)

    @property
    def billed(self) -> Counter[str]:
        """Times each request was answered and billed."""
        return Counter(entry.key for entry in self.entries if entry.billed)

    def summary(self) -> dict[str, Any]:
        """Counts for a person or a test."""
        return {
            "requests": len(self.entries),
            "billed": sum(entry.billed for entry in self.entries),
            "usd": self.usd,
            "early": sum(entry.early for entry in self.entries),
            "most_in_flight": self.most_in_flight,
            "faults": dict(sorted(Counter(entry.fault or "none" for entry in self.entries).items())),
        }


@dataclass(slots=True)
class Server:
    """A server that listens; `script` may be changed while it runs."""

    script: Script
    base_url: str = ""
    ledger: Ledger = field(default_factory=Ledger)
    keep_entries: bool = True
    _first: float | None = None
    _in_flight: int = 0
    _window: deque[tuple[float, int]] = field(default_factory=deque)
    _tokens: int = 0
    _not_before: dict[str, float] = field(default_factory=dict)

    def handle(self, body: bytes, key: str) -> tuple[Reply, float]:
        """The reply to one request, and seconds to wait before it."""
        now = time.monotonic()
        self._first = self._first or now
        request = orjson.loads(body)
        name = hashlib.blake2b(body, digest_size=16).hexdigest()
        asked = self.ledger.sends[name]
        self.ledger.sends[name] += 1
        early = now < self._not_before.get(name, 0.0) - 0.002
        if self.script.key is not None and key != f"Bearer {self.script.key}":
            return self._book(name, "401", FAULTS["401"](Answer(b"", 0)), (0, 0), early), 0.0
        asked_for = Request("", request)
        text, calls = fitting(asked_for), calling(asked_for)
        usage = (len(body) // 4 + 1, len(text) // 4 + 1)
        if (refused := self._over_limit(name, now, sum(usage))) is not None:
            return self._book(name, "limit", refused, (0, 0), early), 0.0
        patience_s = self.script.retry_after_s * self.script.escalate**asked
        answer = Answer(_completion(request, name, text, calls, usage), patience_s)
        fault = "429" if self._storming(now) else self._fault(name, asked)
        if not fault:
            reply = Reply(200, (http(200, answer.body, headers=self._headers()),))
        else:
            reply = FAULTS[fault](answer)
            if reply.status in (429, 503):
                self._not_before[name] = now + patience_s
        billed = usage if reply.status in (0, 200) and fault != "error-200" else (0, 0)
        return self._book(name, fault, reply, billed, early), self.script.latency_s

    def _book(self, name: str, fault: str, reply: Reply, usage: tuple[int, int], early: bool) -> Reply:
        price_in, price_out = self.script.usd_per_million
        if self.keep_entries:
            usd = (usage[0] * price_in + usage[1] * price_out) / 1e6
            self.ledger.entries.append(Entry(time.monotonic(), name, fault, reply.status, *usage, usd, early))
        return reply

    def _storming(self, now: float) -> bool:
        storm = self.script.storm
        return storm is not None and storm[0] <= now - (self._first or now) < storm[1]

    def _fault(self, name: str, asked: int) -> str:
        """The fault of this attempt, or none, by a hash of the seed, the request and how often it was asked."""
        if not self.script.faults:
            return ""
        digest = hashlib.blake2b(f"{self.script.seed} {name} {asked}".encode(), digest_size=8).digest()
        share = int.from_bytes(digest) / 2**64
        for fault, weight in self.script.faults.items():
            share -= weight
            if share < 0:
                return fault
        return ""

    def _over_limit(self, name: str, now: float, tokens: int) -> Reply | None:
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
                lines.append(
                    f"x-ratelimit-limit-{name}: {limit}\r\nx-ratelimit-remaining-{name}: {max(0, limit - used)}\r\n"
                )
                lines.append(f"x-ratelimit-reset-{name}: {reset:.3f}s\r\n")
        return "".join(lines)


def _completion(
    request: Mapping[str, Any], name: str, text: str, calls: Sequence[ToolCall], usage: tuple[int, int]
) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if calls:
        functions = [{"name": call.name, "arguments": call.arguments} for call in calls]
        made = [{"id": f"call_{name[:8]}_{n}", "type": "function", "function": one} for n, one in enumerate(functions)]
        message |= {"content": None, "tool_calls": made}
    return orjson.dumps(
        {
            "id": f"chatcmpl-{name[:12]}", "object": "chat.completion", "created": 0, "model": request.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
            "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)},
        }
    )  # fmt: skip


class _Line(asyncio.Protocol):
    """One connection: HTTP/1.1 with content-length, kept alive, one request at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # of a TCP server it is one, in uvloop by another name

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._next()

    def _next(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if self._busy or end < 0:
            return
        head = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        size = int(headers.get("content-length", "0"))
        if len(self._buffer) < end + 4 + size:
            return
        body = bytes(self._buffer[end + 4 : end + 4 + size])
        del self._buffer[: end + 4 + size]
        method, path, _ = head[0].split(" ", 2)
        server = self._server
        if method == "POST" and path.endswith("/chat/completions"):
            server._in_flight += 1
            server.ledger.most_in_flight = max(server.ledger.most_in_flight, server._in_flight)
            reply, wait_s = server.handle(body, headers.get("authorization", ""))
            self._busy = True
            if wait_s:
                asyncio.get_running_loop().call_later(wait_s, self._send, reply, 0)
            else:
                self._send(reply, 0)
            return
        self._write(http(404, b'{"error": {"message": "no such path", "code": "not_found"}}'))
        self._next()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _send(self, reply: Reply, index: int) -> None:
        """Write the pieces from `index` on, then end the line as the reply says."""
        while index < len(reply.pieces):
            self._write(reply.pieces[index])
            index += 1
            if reply.pause_s and self._transport is not None:
                asyncio.get_running_loop().call_later(reply.pause_s, self._send, reply, index)
                return
        self._server._in_flight -= 1
        self._busy = False
        transport = self._transport
        if transport is None:
            return
        match reply.end:
            case "close":
                transport.close()
            case "half":
                with contextlib.suppress(OSError):
                    transport.write_eof()
            case "reset":
                # SO_LINGER with a wait of zero makes close() send RST instead of FIN.
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                transport.abort()
            case "keep":
                self._next()


@asynccontextmanager
async def serve(script: Script | None = None, *, port: int = 0, keep_entries: bool = True) -> AsyncIterator[Server]:
    """The server, listening on 127.0.0.1 until the block ends; `port` 0 takes a free one."""
    server = Server(script or Script(), keep_entries=keep_entries)
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: _Line(server), "127.0.0.1", port, backlog=2048)
    server.base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listener.close()
