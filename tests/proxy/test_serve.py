"""A proxy as a process of its own: its end, its folder, and what a kill loses."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from forks import Fork, distill
from proxied import request, rows
from upstreams import Api, served, until

from distill.errors import UsageError
from distill.proxy.serve import serve
from distill.proxy.settings import ProxySettings


@asynccontextmanager
async def command(folder: Path, to: str) -> AsyncIterator[tuple[str, Fork]]:
    """(base URL, process) of `distill proxy mood`."""
    process = distill("proxy", "mood", "--to", to, "--port", "0", "--json", cwd=folder)
    try:
        while not (told := process.out).endswith("}\n"):
            assert process.returncode is None, await process.communicate()
            await asyncio.sleep(0.02)
        yield json.loads(told)["base_url"], process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def caller(session: aiohttp.ClientSession, url: str, name: int, answered: set[str]) -> None:
    """Call until the proxy is gone; keep what was answered to its end."""
    number = 0
    while True:
        number += 1
        word = f"#{name}-{number}"
        async with session.post(f"{url}/chat/completions", data=request(word, stream=bool(number % 2))) as answer:
            body = await answer.read()
            if answer.status == 200:
                assert word[1:].encode() in body
                answered.add(word)


async def test_a_killed_proxy_has_the_row_of_every_answer_that_was_given(tmp_path: Path) -> None:
    (tmp_path / ".distill").mkdir()
    answered = set[str]()
    async with served(Api().app()) as behind:
        for kill in range(2):
            async with command(tmp_path, behind) as (url, process), aiohttp.ClientSession() as session:
                callers = [asyncio.ensure_future(caller(session, url, 10 * kill + one, answered)) for one in range(8)]
                await until(lambda: len(answered) > 20 * kill + 20, 60)  # noqa: B023  # it is waited for here
                process.kill()
                ended = await asyncio.gather(*callers, return_exceptions=True)
                assert all(isinstance(one, aiohttp.ClientError | OSError) for one in ended), ended
    found = {row["request"]["messages"][-1]["content"] for row in rows(tmp_path / "logs" / "mood")}
    assert answered <= found


async def test_it_ends_when_it_is_told_to_and_says_what_it_did(tmp_path: Path) -> None:
    (tmp_path / ".distill").mkdir()
    async with (
        served(Api().app()) as behind,
        command(tmp_path, behind) as (url, process),
        aiohttp.ClientSession() as session,
    ):
        async with session.post(f"{url}/chat/completions", data=request("hello")) as answer:
            assert (answer.status, bool(await answer.read())) == (200, True)
        async with session.get(f"{url.removesuffix('/v1')}/proxy/status") as answer:
            told = json.loads(await answer.read())
        assert (told["task"], told["mode"], told["answers"], told["records"]["written"]) == (
            "mood",
            "record",
            "teacher",
            {"teacher": 1},
        )
        process.send_signal(signal.SIGTERM)
        out, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0
        ended = json.loads(out[out.index(b"}\n{") + 2 :])
    assert ended["calls"]["passed"] == 1
    assert b"sk-" not in b"".join(path.read_bytes() for path in (tmp_path / "logs").rglob("*") if path.is_file())


def test_one_proxy_records_in_a_folder_and_a_port_may_be_taken(tmp_path: Path) -> None:
    settings = ProxySettings("mood", tmp_path, "http://127.0.0.1:9/v1", tmp_path / "logs")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"127.0.0.1:{port} cannot be listened at: .*; --port takes another"):
            serve(
                ProxySettings("mood", tmp_path, settings.upstream, tmp_path / "logs", port=port), say=print, ready=print
            )
    from distill.folder_lock import locked

    with locked(settings.logs, "x", "y"), pytest.raises(UsageError, match="one proxy at a time records there"):
        serve(settings, say=print, ready=print)
