"""Calls go through unchanged, their answers come back unchanged, and nothing that either holds ends the proxy."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from pathlib import Path

import aiohttp
import pytest
from openai import APIStatusError, AsyncOpenAI, InternalServerError
from proxied import Proxied, proxied, request, rows
from upstreams import chunks, until
from yarl import URL

from distill.testing.fault_server import Script, serve
from distill.testing.faults import FAULTS

ENDLESS = ("hang", "hang-midway", "drip")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/models", b""),
        ("GET", "/models/ft%3Abig%2F1?limit=2&after=a%20b", b""),
        ("DELETE", "/files/file-1", b""),
        ("POST", "/embeddings", b'{"input": "\xc3\xa4"}'),
        ("POST", "/audio/speech", bytes(range(256))),
        ("PUT", "/anything/else", b"no JSON {"),
        ("POST", "/responses", b""),
    ],
)
async def test_any_call_goes_through_as_it_was_sent(tmp_path: Path, method: str, path: str, body: bytes) -> None:
    headers = {"Authorization": "Bearer sk-mine", "X-Own": "1", "Connection": "X-Hop", "X-Hop": "1", "User-Agent": "me"}
    async with proxied(tmp_path) as proxy, proxy.session.request(
        method, URL(proxy.url + path, encoded=True), data=body or None, headers=headers
    ) as answer:  # fmt: skip
        told = json.loads(await answer.read())
        assert (answer.status, answer.headers["x-own"]) == (207, "a")
        assert "x-hop" not in answer.headers
        assert "server" not in answer.headers
    assert (told["method"], bytes.fromhex(told["body"])) == (method, body)
    assert f"{told['path']}{'?' if told['query'] else ''}{told['query']}" == f"/v1{path}"
    sent = dict(told["headers"])
    assert (sent["authorization"], sent["x-own"], sent["user-agent"]) == ("Bearer sk-mine", "1", "me")
    assert "x-hop" not in sent
    assert sent["host"] != proxy.url.split("/")[2]


async def test_the_sdk_reads_answers_streams_and_errors_as_from_the_api_itself(tmp_path: Path) -> None:
    async with proxied(tmp_path) as proxy, AsyncOpenAI(base_url=proxy.url, api_key="sk-mine", max_retries=0) as client:
        turns = [{"role": "user", "content": "hello"}]
        one = await client.chat.completions.create(model="big-1", messages=turns)  # type: ignore[arg-type]  # plain dicts
        stream = await client.chat.completions.create(model="big-1", messages=turns, stream=True)  # type: ignore[arg-type]  # turns as plain objects
        text = "".join([part.choices[0].delta.content or "" async for part in stream])
        assert one.choices[0].message.content == text == proxy.api.answer
        with pytest.raises(APIStatusError) as refused:
            await client.chat.completions.create(model="big-1", messages=[{"role": "user", "content": "refuse"}])
    assert (refused.value.status_code, refused.value.response.headers["retry-after"]) == (429, "7")
    assert [row["streamed"] for row in rows(proxy.folder)] == [False, True]
    assert proxy.parts.passing.counts.not_kept == {"failed_call": 1}


async def test_a_stream_arrives_as_it_is_made_and_its_end_once_the_row_is_written(tmp_path: Path) -> None:
    async with proxied(tmp_path) as proxy, proxy.session.post(
        f"{proxy.url}/chat/completions", data=request("wait", stream=True)
    ) as answer:  # fmt: skip
        first = await asyncio.wait_for(answer.content.readany(), 5)
        assert first.startswith(b"data: ")
        assert rows(proxy.folder) == []
        proxy.api.go_on.set()
        got = bytearray(first)
        while b"[DONE]" not in got:
            got += await answer.content.readany()
        assert len(rows(proxy.folder)) == 1, "whoever has seen the end finds the row"
        assert bytes(got + await answer.read()) == b"".join(chunks(proxy.api.answer))


async def test_an_upstream_that_is_down_is_a_502_of_the_apis_shape(tmp_path: Path) -> None:
    async with proxied(tmp_path, to="http://127.0.0.1:9/v1") as proxy:
        async with AsyncOpenAI(base_url=proxy.url, api_key="sk-mine", max_retries=0) as client:
            with pytest.raises(InternalServerError, match="cannot be reached") as refused:
                await client.models.list()
        assert (refused.value.status_code, refused.value.code) == (502, "upstream_unreachable")
        assert await _status(proxy) == 200


async def test_an_answer_that_breaks_off_breaks_off_here_and_is_no_row(tmp_path: Path) -> None:
    async with proxied(tmp_path) as proxy:
        with pytest.raises(aiohttp.ClientPayloadError):
            await proxy.chat("break", stream=True)
        assert (await proxy.chat("hello"))[0] == 200
        assert len(rows(proxy.folder)) == 1
        assert proxy.parts.passing.counts.broken_off == 1


async def test_a_caller_that_hangs_up_ends_its_call_alone(tmp_path: Path) -> None:
    async with proxied(tmp_path) as proxy:
        async with proxy.session.post(f"{proxy.url}/chat/completions", data=request("wait", stream=True)) as answer:
            await answer.content.readany()
            answer.close()
        await until(lambda: proxy.api.hung_up and proxy.parts.passing.counts.hung_up)
        assert (await proxy.chat("hello"))[0] == 200
        assert len(rows(proxy.folder)) == 1


async def test_bodies_of_any_length_go_through(tmp_path: Path) -> None:
    """An upload is never held; a chat of more than is kept is answered, counted and no row."""
    async with proxied(tmp_path) as proxy:
        async with proxy.session.post(f"{proxy.url}/files", data=io.BytesIO(bytes(30 << 20))) as answer:
            assert json.loads(await answer.read())["bytes"] == 30 << 20
        assert (await proxy.chat("x" * (9 << 20)))[0] == 200
        assert rows(proxy.folder) == []
        assert proxy.parts.passing.counts.not_kept == {"too_long": 1}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"messages": 1}', b"\xff\xfe", b"[" * 100_000, b'{"a": 1e999}']
)
async def test_what_is_no_request_is_the_upstreams_to_refuse(tmp_path: Path, body: bytes) -> None:
    async with proxied(tmp_path) as proxy:
        async with proxy.session.post(f"{proxy.url}/chat/completions", data=body) as answer:
            assert answer.status == 400
        assert (await proxy.chat("hello"))[0] == 200


async def test_an_answer_that_is_packed_goes_through_packed(tmp_path: Path) -> None:
    async with proxied(tmp_path) as proxy:
        _, body = await proxy.chat("packed")
        assert json.loads(gzip.decompress(body))["id"] == "chatcmpl-w"
        assert proxy.parts.passing.counts.not_kept == {"packed": 1}


@pytest.mark.parametrize("path", ["/", "/v2/models", "/v1x/models", "/v1/../admin", "/v1/a/%2e%2E/b"])
async def test_a_path_of_another_api_goes_nowhere(tmp_path: Path, path: str) -> None:
    async with proxied(tmp_path) as proxy:
        url = URL(proxy.url.removesuffix("/v1") + path, encoded=True)
        async with proxy.session.get(url) as answer:
            assert (answer.status, json.loads(await answer.read())["error"]["code"]) == (404, "unknown_url")


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in ENDLESS])
async def test_no_fault_of_an_upstream_ends_the_proxy(tmp_path: Path, fault: str) -> None:
    """What comes is passed on or is a 502, and the next call is answered."""
    async with serve(Script(faults={fault: 1.0})) as behind, proxied(tmp_path, to=behind.base_url) as proxy:
        try:
            status, _ = await proxy.chat("hello")
            assert status >= 200
        except aiohttp.ClientError:
            pass
        behind.script = Script()
        assert (await proxy.chat("hello"))[0] == 200
        assert not proxy.parts.passing.counts.faults


async def _status(proxy: Proxied) -> int:
    async with proxy.session.get(f"{proxy.url.removesuffix('/v1')}/proxy/status") as answer:
        return answer.status
