"""One attempt: within its deadline, classified, and without the key in what is kept."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import socket
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from distill.records import Answer, Ended, Request
from distill.teacher import reply, retry
from distill.teacher.endpoint import client
from distill.testing.fault_server import Script, serve

ASKED = Request("x", {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8})


def test_rate_limits_never_give_up() -> None:
    """A 429 is sent again however often; a refused request never is."""
    from distill.records import Answer

    assert retry.again(Answer("x", Ended.RATE_LIMITED), failures=99, attempts=3)
    assert not retry.again(Answer("x", Ended.OVERLOADED), failures=3, attempts=3)
    assert not retry.again(Answer("x", Ended.REFUSED), failures=0, attempts=3)


def test_an_endpoint_that_is_not_there_is_a_connection_failure() -> None:
    """A refused base_url is an Answer with its cause and costs nothing."""

    async def call() -> Any:
        endpoint = client.Endpoint("m", "http://127.0.0.1:9/v1", key="secret-key-123", timeout_s=60)
        try:
            return await endpoint.answer(ASKED)
        finally:
            await endpoint.close()

    answer = asyncio.run(call())
    assert answer.ended is Ended.CONNECTION
    assert "secret-key-123" not in repr(answer)


DEADLINE_S = 0.4
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


async def _read(line: asyncio.StreamReader) -> bytes:
    """One request's body."""
    head = await line.readuntil(b"\r\n\r\n")
    return await line.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]))


async def _drip(out: asyncio.StreamWriter, first: bytes, piece: bytes) -> None:
    out.write(first)
    while True:
        out.write(piece)
        await out.drain()
        await asyncio.sleep(0.02)


async def _never_reads(_line: asyncio.StreamReader, _out: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def _never_answers(line: asyncio.StreamReader, _out: asyncio.StreamWriter) -> None:
    await _read(line)
    await asyncio.sleep(60)


async def _drips_a_head(line: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    await _read(line)
    await _drip(out, HEAD + b"x-long: ", b"a")


async def _drips_heads(line: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    await _read(line)
    await _drip(out, b"", b"HTTP/1.1 100 Continue\r\n\r\n")


async def _drips_a_body(line: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    await _read(line)
    await _drip(out, HEAD + b"content-length: 9999\r\n\r\n", b" ")


async def _drips_chunks(line: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    await _read(line)
    await _drip(out, HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n")


@contextlib.asynccontextmanager
async def listening(handle: Any) -> AsyncIterator[str]:
    """The base_url of a server that treats each line as `handle` says."""
    lines: set[asyncio.Task[None]] = set()

    async def one(line: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        lines.add(asyncio.current_task())  # type: ignore[arg-type]  # a callback of the server runs in a task
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await handle(line, out)
        finally:
            out.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)


async def timed(url: str, request: Request = ASKED) -> Answer:
    """One attempt, which must end within its deadline and a second and leave no task behind."""
    endpoint = client.Endpoint("m", url, timeout_s=DEADLINE_S)
    endpoint._open()  # its import takes a while and is not the endpoint's to answer for
    before = asyncio.all_tasks()
    started = time.monotonic()
    answer = await asyncio.wait_for(endpoint.answer(request), 10)
    assert time.monotonic() - started < DEADLINE_S + 1  # a real line is held open, for a minute or for ever
    await endpoint.close()
    left = [task for task in asyncio.all_tasks() - before if "listening" not in repr(task)]
    assert not left
    return answer


@pytest.mark.parametrize(
    "handle", [_never_reads, _never_answers, _drips_a_head, _drips_heads, _drips_a_body, _drips_chunks]
)
async def test_an_attempt_ends_at_its_deadline_whatever_the_server_does(handle: Any) -> None:
    """Silence, and every way of sending a little for ever: each byte does not buy it more time."""
    long = "x" * (32 * 2**20 if handle is _never_reads else 1)  # more than the system's buffers take
    request = Request("x", {"model": "m", "messages": [{"role": "user", "content": long}]})
    async with listening(handle) as url:
        answer = await timed(url, request)
    assert answer.ended is Ended.TIMEOUT, answer.error


@pytest.mark.parametrize("fault", ["hang", "hang-midway", "drip", "half-close"])
async def test_an_attempt_ends_at_its_deadline_for_every_fault_that_hangs(fault: str) -> None:
    async with serve(Script(faults={fault: 1.0})) as server:
        answer = await timed(server.base_url)
    assert answer.ended is (Ended.BROKEN if fault == "half-close" else Ended.TIMEOUT), answer.error


async def test_a_server_that_takes_no_connection_ends_at_the_deadline_and_costs_nothing() -> None:
    """Its queue is full and the system drops what knocks: nothing was sent, so nothing can be billed."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        knocking = [socket.socket() for _ in range(4)]
        for one in knocking:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        answer = await timed(f"http://127.0.0.1:{full.getsockname()[1]}/v1")
        for one in knocking:
            one.close()
    assert answer.ended is Ended.CONNECTION, answer.error
    assert not answer.ended.maybe_billed


@pytest.mark.parametrize(("chars", "aside"), [(1000, False), (2 * 2**20, True)])
async def test_megabytes_go_out_and_are_read_without_holding_the_loop(
    monkeypatch: pytest.MonkeyPatch, chars: int, aside: bool
) -> None:
    """They arrive whole; reading them is done beside the loop, for a short reply that is not worth a thread."""
    read, threads, arrived = reply.read_body, [], []
    text = "word " * (chars // 5)

    def watched(*args: Any, **named: Any) -> Answer:
        threads.append(threading.current_thread())
        return read(*args, **named)

    async def echoes(line: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        arrived.append(json.loads(await _read(line)))
        choice = {"message": arrived[0]["messages"][0], "finish_reason": "stop"}
        body = json.dumps({"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}).encode()
        out.write(HEAD + f"content-length: {len(body)}\r\n\r\n".encode() + body)
        await out.drain()

    monkeypatch.setattr(reply, "read_body", watched)
    async with listening(echoes) as url:
        endpoint = client.Endpoint("m", url, timeout_s=30)
        answer = await endpoint.answer(Request("x", {"messages": [{"role": "user", "content": text}]}))
        await endpoint.close()
    assert arrived == [{"model": "m", "messages": [{"role": "user", "content": text}]}]
    assert answer.text == text
    assert [thread is not threading.main_thread() for thread in threads] == [aside]


@pytest.mark.parametrize("fault", ["cut", "reset", "half-close", "long-length"])
async def test_a_line_that_broke_leaves_little_for_the_garbage_collector(fault: str) -> None:
    """A run of a million on a bad line would grow by gigabytes, or stop for seconds to sweep. What is left belongs to the two
    sockets of asyncio's own loop, about 16 objects; the line with its exception would be 60."""
    async with serve(Script(faults={fault: 1.0})) as server:
        endpoint = client.Endpoint("m", server.base_url, timeout_s=5)
        await endpoint.answer(ASKED)
        gc.collect()
        gc.disable()
        try:
            answers = await asyncio.gather(*(endpoint.answer(ASKED) for _ in range(20)))
            left = gc.collect()
        finally:
            gc.enable()
        await endpoint.close()
    assert not any(answer.ok for answer in answers)
    assert left < 30 * 20, f"{left} objects after 20 attempts"
