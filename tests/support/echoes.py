"""A server that says back what it was sent, as debugging proxies do: `reply(headers, body)` gives (status, body)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

Reply = Callable[[dict[str, str], Any], tuple[int, bytes]]


def completion(text: str, *, used: tuple[int, int] = (10, 5), **more: Any) -> bytes:
    """A whole chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": used[0], "completion_tokens": used[1], "total_tokens": sum(used)}
    return json.dumps({"object": "chat.completion", "model": "m", "choices": [choice], "usage": usage} | more).encode()


@contextlib.asynccontextmanager
async def echoing(reply: Reply, *, headers: str = "") -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """(base_url, the headers of every request that came)."""
    came: list[dict[str, str]] = []
    lines: set[asyncio.Task[None]] = set()

    async def line(into: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        lines.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    head = (await into.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                    found = {k.lower(): v.strip() for k, _, v in (row.partition(":") for row in head[1:] if row)}
                    body = await into.readexactly(int(found.get("content-length", 0)))
                    came.append({"": head[0]} | found)
                    status, said = reply(found, json.loads(body) if body else None)
                    out.write(
                        f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(said)}\r\n{headers}\r\n".encode()
                        + said
                    )
                    await out.drain()
        finally:
            out.transport.abort()

    server = await asyncio.start_server(line, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", came
    finally:
        server.close()
        for one in lines:
            one.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
