"""A caller's call passed on, and its answer passed back as it comes: status, headers and bytes are the upstream's.

A chat completion is recorded on the way. Where the upstream cannot be reached the caller gets a 502 in the API's shape of an error; an answer that
breaks off there breaks off here. Neither a caller that hangs up nor anything that a body holds ends more than its own call.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from yarl import URL

from distill.host.access.keys import has_key
from distill.proxy import headers
from distill.proxy.api_error import api_error
from distill.proxy.caller import Caller, HungUp
from distill.proxy.recording.answered_call import AnsweredCall
from distill.proxy.recording.intake import MOST, AnswerIntake
from distill.proxy.recording.writer import LogWriter
from distill.proxy.upstream import PREFIX, Upstream

_SMALL = 1 << 20
"""Bytes of a body that is read before it is passed on, where it is not kept."""
_BODILESS = (204, 304)


class Beside(Protocol):
    """What a student does about a chat completion."""

    async def instead(self, request: bytes, call: Arrived) -> Response | None:
        """The student's answer, recorded; None where the teacher is to answer."""

    def after(self, call: AnsweredCall) -> None:
        """Take note of the teacher's answer; returns at once."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """When a call came: seconds since 1970, and on the clock that measures."""

    began: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.clock


@dataclass(slots=True)
class CallCounts:
    """What became of calls; `not_kept` are chat completions that are no rows, by a word of `answered_call.REASONS`."""

    passed: int = 0
    by_student: int = 0
    hung_up: int = 0
    unreachable: int = 0
    other_keys: int = 0
    """Chat completions with none of the callers' keys: the teacher's alone."""
    broken_off: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    """Errors of the proxy's own."""
    not_kept: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Passing:
    """An ASGI application for every path of the API."""

    upstream: Upstream
    writer: LogWriter
    beside: Beside | None = None
    caller_keys: tuple[str, ...] = ()
    """Whose calls may be answered here; without any, everybody's."""
    counts: CallCounts = field(default_factory=CallCounts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call; where the caller hangs up, the upstream's connection is closed too."""
        caller = Caller(scope, receive, send)
        call, gone = asyncio.ensure_future(self._answer(caller)), asyncio.ensure_future(caller.gone())
        try:
            await asyncio.wait((call, gone), return_when=asyncio.FIRST_COMPLETED)
            self.counts.hung_up += caller.lost or not call.done()
        finally:
            for one in (call, gone):
                one.cancel()
            ended, _ = await asyncio.gather(call, gone, return_exceptions=True)
        if isinstance(ended, Exception) and not isinstance(ended, HungUp):
            self.counts.faults[type(ended).__name__] += 1
            if not caller.begun:
                await api_error(500, "proxy_error", f"the proxy failed: {type(ended).__name__}")(scope, receive, send)

    async def _answer(self, caller: Caller) -> None:
        url = self.upstream.address(caller.path, caller.query)
        if url is None:
            said = f"{caller.path[:80]!r} is no path of the API; they begin with {PREFIX}/, and GET /proxy/status says how the proxy is"
            await self._respond(caller, api_error(404, "unknown_url", said))
            return
        arrived, completion = Arrived(), _is_completion(caller)
        body = await caller.body(MOST if completion else _SMALL)
        kept = body if completion and isinstance(body, bytes) else None
        if kept is not None and (own := await self._instead(caller, kept, arrived)) is not None:
            self.counts.by_student += 1
            await self._respond(caller, own)
            return
        response = await self._sent(caller, url, body, completion=completion)
        if response is None:
            return
        if completion and kept is None:
            self.counts.not_kept["too_long"] += 1
        async with response:
            await self._relay(caller, response, self._intake(response, kept, arrived))

    async def _instead(self, caller: Caller, request: bytes, arrived: Arrived) -> Response | None:
        """The student's answer, where there is a student and the caller may have it."""
        if self.beside is None:
            return None
        if self.caller_keys:
            sent = headers.value_of(caller.scope["headers"], b"authorization").decode("utf-8", "surrogateescape")
            if not has_key(sent, self.caller_keys):
                self.counts.other_keys += 1
                return None
        return await self.beside.instead(request, arrived)

    async def _sent(
        self, caller: Caller, url: URL, body: bytes | AsyncIterator[bytes], *, completion: bool
    ) -> aiohttp.ClientResponse | None:
        """The head of the upstream's answer; None where there is none, which the caller sees."""
        sent = headers.to_upstream(caller.scope["headers"], plain=completion)
        length = len(body) if isinstance(body, bytes) else caller.length
        if length is not None and (not isinstance(body, bytes) or length > _SMALL):
            sent["Content-Length"] = str(length)
            body = _pieces(body) if isinstance(body, bytes) else body
        try:
            return await self.upstream.send(caller.method, url, sent, body or None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
            await self._unreachable(caller, fault)
            return None

    def _intake(self, response: aiohttp.ClientResponse, kept: bytes | None, arrived: Arrived) -> AnswerIntake | None:
        """Where the answer is recorded; None where it is not."""
        if kept is None:
            return None
        packed = headers.value_of(response.raw_headers, b"content-encoding").strip().lower()
        if response.status != 200 or packed not in (b"", b"identity"):
            self.counts.not_kept["failed_call" if response.status != 200 else "packed"] += 1
            return None
        streamed = response.content_type == "text/event-stream"
        return AnswerIntake(kept, streamed, response.content_length, arrived.began, arrived.clock)

    async def _relay(self, caller: Caller, response: aiohttp.ClientResponse, intake: AnswerIntake | None) -> None:
        """Pass the answer back, piece by piece as it comes."""
        bodiless = response.status in _BODILESS
        passed = headers.to_caller(response.raw_headers)
        await caller.head(response.status, [one for one in passed if not (bodiless and one[0] == b"content-length")])
        try:
            async for piece in response.content.iter_any():
                if intake is not None and intake.whole_with(piece):
                    await self._record(intake)
                await caller.piece(piece)
        except (aiohttp.ClientError, TimeoutError, OSError):
            self.counts.broken_off += 1
            return  # the server closes the connection: the caller sees an answer that is not whole
        if intake is not None and not intake.recorded:
            await self._record(intake)
        await caller.piece(b"", more=False)
        self.counts.passed += 1

    async def _record(self, intake: AnswerIntake) -> None:
        if intake.too_long:
            self.counts.not_kept["too_long"] += 1
            return
        call = intake.call()
        await self.writer.written(call)
        if self.beside is not None:
            self.beside.after(call)

    async def _unreachable(self, caller: Caller, fault: Exception) -> None:
        if caller.lost:
            raise HungUp
        self.counts.unreachable += 1
        said = f"{self.upstream.url} cannot be reached: {str(fault) or type(fault).__name__}"
        await self._respond(caller, api_error(502, "upstream_unreachable", said))

    async def _respond(self, caller: Caller, response: Response) -> None:
        caller.begun = True
        await response(caller.scope, caller.receive, caller.send)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    """A long body, so that other calls go on while it is sent."""
    for at in range(0, len(body), _SMALL):
        yield body[at : at + _SMALL]


def _is_completion(caller: Caller) -> bool:
    return caller.method == "POST" and caller.path.rstrip("/").endswith("/chat/completions")
