"""An API behind a proxy, on 127.0.0.1: it streams, breaks off, packs or refuses as the last turn asks, and says what it was sent.

`python upstreams.py` serves it alone and prints its address, for a benchmark.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send


def chunks(text: str, *, done: bool = True, end: str | None = "stop") -> list[bytes]:
    """A streamed completion, word by word."""
    head = {"id": "chatcmpl-s", "object": "chat.completion.chunk", "created": 1_793_534_400, "model": "big-1"}
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": word}, None) for word in text.split(" ") for word in (word, " ")][:-1]
    deltas += [({}, end)] if end else []
    events = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": why}]} for delta, why in deltas]
    return [
        *(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events),
        *([b"data: [DONE]\n\n"] if done else []),
    ]


def whole(text: str) -> dict[str, Any]:
    """The same as one object."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": "chatcmpl-w", "object": "chat.completion", "created": 1_793_534_400, "model": "big-1",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
    }  # fmt: skip


@dataclass(slots=True)
class Api:
    """`came` are the calls as they arrived; `go_on` lets a stream that waits go on; `hung_up` counts callers that left."""

    answer: str = '{"mood": "glad"}'
    came: list[dict[str, Any]] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: int = 0

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v1/chat/completions", self.chat, methods=["POST"]), Mount("/", app=self.echo)])

    async def chat(self, request: Request) -> Response:
        body = await request.body()
        self.came.append({"headers": request.headers.raw, "body": body})
        try:
            asked = json.loads(body)
            said = str(asked["messages"][-1]["content"])
        except (ValueError, LookupError, TypeError, RecursionError):
            return JSONResponse(
                {"error": {"message": "no JSON", "type": "invalid_request_error", "param": None, "code": None}}, 400
            )
        answer = f"{self.answer} {said.rpartition('#')[2]}" if "#" in said else self.answer
        if asked.get("stream"):
            return StreamingResponse(self._stream(answer, said), media_type="text/event-stream")
        if "packed" in said:
            return Response(
                gzip.compress(json.dumps(whole(answer)).encode()),
                media_type="application/json",
                headers={"content-encoding": "gzip"},
            )
        if "refuse" in said:
            return JSONResponse(
                {"error": {"message": "slow down"}}, 429, headers={"retry-after": "7", "x-request-id": "r-1"}
            )
        return JSONResponse(whole(answer), headers={"x-request-id": "r-1"})

    async def _stream(self, text: str, said: str) -> AsyncIterator[bytes]:
        pieces = chunks(text, done="no mark" not in said, end=None if "unfinished" in said else "stop")
        try:
            for number, piece in enumerate(pieces):
                if number == 1 and "wait" in said:
                    await self.go_on.wait()
                if number == 2 and "break" in said:
                    raise ConnectionResetError
                yield piece
        except (asyncio.CancelledError, GeneratorExit):
            self.hung_up += 1
            raise

    async def echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What was sent, for any path and method."""
        body, more = bytearray(), True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        told = {
            "method": scope["method"], "path": scope["raw_path"].decode("latin-1"), "query": scope["query_string"].decode("latin-1"),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
            "bytes": len(body), "body": bytes(body[:2000]).hex(),
        }  # fmt: skip
        await JSONResponse(told, 207, headers={"x-own": "a", "connection": "x-hop", "x-hop": "1"})(scope, receive, send)


async def until(holds: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something holds, which nobody announces."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  # it is a value of another's, without an event
            await asyncio.sleep(0.005)


@asynccontextmanager
async def served(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """The base URL of an application, served in this loop until the block ends."""
    with socket.create_server(("127.0.0.1", port), backlog=2048) as listener:
        config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, log_level="critical", access_log=False, server_header=False,
                                date_header=False, timeout_graceful_shutdown=1)  # fmt: skip
        server = uvicorn.Server(config)
        task = asyncio.ensure_future(
            server._serve([listener])
        )  # without its signal handlers, which are of a process of its own
        await until(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            await task


async def main() -> None:
    async with served(Api().app()) as url:
        sys.stdout.write(json.dumps({"base_url": url}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
