"""Answers that the client may stop waiting for: a stream of server-sent events, or one that is given up once its client has gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from distill.host import failures
from distill.records import Json

_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
_DONE = b"data: [DONE]\n\n"


async def while_waited_for(request: Request, work: Coroutine[None, None, Response]) -> Response:
    """What `work` answers; it is cancelled, and ClientDisconnect raised, where the client goes first."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def json_of(work: Coroutine[None, None, Mapping[str, Json]]) -> Response:
    """A JSON answer."""
    return JSONResponse(await work)


async def events_of(chunks: AsyncGenerator[dict[str, Json], None]) -> Response:
    """A stream of chunks, once the first has come: what is refused before is answered by its status."""
    first = await anext(chunks)
    return StreamingResponse(_events(first, chunks), media_type="text/event-stream", headers=_HEADERS)


async def _events(first: dict[str, Json], chunks: AsyncGenerator[dict[str, Json], None]) -> AsyncGenerator[bytes, None]:
    """The chunks as events; what goes wrong in between is the last of them, for the status is sent."""
    try:
        yield _event(first)
        async for chunk in chunks:
            yield _event(chunk)
        yield _DONE
    except Exception as fault:  # noqa: BLE001 - logged, and told to the client
        yield _event(failures.failure(fault, "").body)
    finally:
        await chunks.aclose()  # which stops the engine


def _event(value: Mapping[str, Json]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


async def _gone(request: Request) -> None:
    """Returns when the client has hung up; its body has to be read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
