"""The double's line: bodies of every framing, requests that come together, and readers that are slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from batch_server import batch_server, jsonl, line

DATA = jsonl([line(n, note="x" * 8000) for n in range(2000)])
FORM = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n'
HEAD = "POST /v1/files HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\n"


async def pieces() -> AsyncIterator[bytes]:
    whole = FORM + DATA + b"\r\n--b--\r\n"
    for at in range(0, len(whole), 777_777):
        yield whole[at : at + 777_777]


async def test_an_upload_in_chunks_and_a_download_by_a_slow_reader() -> None:
    """16 MB without a content-length arrive whole, and go out whole to one who reads late."""
    async with batch_server() as here, aiohttp.ClientSession() as session:
        headers = {"content-type": "multipart/form-data; boundary=b"}
        async with session.post(f"{here.server.base_url}/files", data=pieces(), headers=headers) as response:
            file = (await response.json())["id"]
        async with session.get(f"{here.server.base_url}/files/{file}/content") as response:
            await asyncio.sleep(0.2)
            assert await response.read() == DATA


async def said(base_url: str, *parts: bytes) -> bytes:
    """All that comes back for these bytes, until the server has nothing more to say."""
    host, port = base_url.removeprefix("http://").removesuffix("/v1").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.02)
        writer.write(b"GET /v1/none HTTP/1.1\r\n\r\n")
        return await asyncio.wait_for(reader.readuntil(b"no such path"), 2.0)
    finally:
        writer.close()


async def test_one_who_waits_for_100_continue_gets_it_once() -> None:
    """As curl sends anything large."""
    body = FORM + b"{}\r\n--b--\r\n"
    async with batch_server() as here:
        head = f"{HEAD}expect: 100-continue\r\ncontent-length: {len(body)}\r\n\r\n".encode()
        answer = await said(here.server.base_url, head, body[:50], body[50:])
    assert answer.count(b"100 Continue") == 1
    assert answer.startswith(b"HTTP/1.1 100")
    assert b'"filename":"a.jsonl"' in answer


async def test_requests_that_come_together_are_answered_in_order() -> None:
    """Three in one packet, one of them torn."""
    one, other = (b"GET /v1/%s HTTP/1.1\r\n\r\n" % name for name in (b"batches", b"files"))
    async with batch_server() as here:
        answer = await said(here.server.base_url, one + other + one[:20], one[20:])
    assert answer.count(b"200 X") == 3


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{}", "no file"),
        (FORM + b"{}\r\n", "does not end"),
        (FORM.replace(b"batch", b"lunch") + b"{}\r\n--b--\r\n", "lunch"),
        (FORM.replace(b"a.jsonl", b"a.txt") + b"{}\r\n--b--\r\n", "Must be .jsonl"),
    ],
)
async def test_an_upload_that_is_none_is_refused(body: bytes, told: str) -> None:
    """A 400 that says why; nothing is kept."""
    async with batch_server() as here:
        answer = await said(here.server.base_url, f"{HEAD}content-length: {len(body)}\r\n\r\n".encode() + body)
        assert b"HTTP/1.1 400" in answer
        assert told.encode() in answer
        assert not (await here.client.files.list()).data
