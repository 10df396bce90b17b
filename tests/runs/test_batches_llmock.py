"""Batches at a server of other people, as it is, and behind a line that keeps things back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from llmock.pytest_plugin import LLMock

from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent

SETS = ["teacher.model=gpt-4o-mini", "teacher.mode=batch", "teacher.batch={poll_s: 0.05}", "gates=[finish_reason]"]


@dataclass(slots=True)
class Line:
    """Between us and the server: counts what goes by, cuts the first downloads, and keeps metadata and counts back."""

    upstream: str
    cuts: int = 0
    hidden: tuple[str, ...] = ()
    made: int = 0
    sent: Counter[bytes] = field(default_factory=Counter)
    """How often each row was uploaded."""
    base_url: str = ""

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        self.made += request.method == "POST" and request.path.endswith("/batches")
        self.sent.update(re.findall(rb'"custom_id":"([^"]+)"', await request.read()))
        kept = {
            name: value for name, value in request.headers.items() if name.lower() in ("content-type", "authorization")
        }
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method, self.upstream + request.path_qs, data=await request.read(), headers=kept
            ) as got,
        ):
            body, status, kind = await got.read(), got.status, got.headers.get("content-type", "")
            shown = kind.startswith("application/json") and not request.path.endswith("/content")
            told: Any = await got.json() if shown and self.hidden else None
        if isinstance(told, dict) and status == 200:
            for one in told.get("data", [told]):
                for name in self.hidden:
                    one.pop(name, None)
            return web.json_response(told)
        if request.path.endswith("/content") and self.cuts:
            self.cuts -= 1
            assert request.transport is not None
            request.transport.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + body[: len(body) * 6 // 10])
            request.transport.close()
        return web.Response(body=body, status=status, headers={"content-type": kind})


@asynccontextmanager
async def line(llmock: LLMock, **how: Any) -> AsyncIterator[Line]:
    between = Line(llmock.base_url().removesuffix("/v1"), **how)
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", between.pass_on)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    between.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield between
    finally:
        await runner.cleanup()


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the server leaves its upload buffers open
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"cuts": 1},
        {"cuts": 2, "hidden": ("metadata",)},
        {"cuts": 1, "hidden": ("request_counts", "metadata", "bytes")},
    ],
    ids=str,
)
async def test_each_row_is_asked_once(task: Path, llmock: LLMock, how: dict[str, Any]) -> None:
    """No row goes twice, whatever the line does; a second command sends nothing."""
    async with line(llmock, **how) as between:
        task = open_task(task, overrides=SETS, env=llmock.env() | {"OPENAI_BASE_URL": between.base_url})
        first = await run.work(task, stages=ORDER[:3], watch=Silent(), wait=True)
        assert (first.exit_code, first.pending) == (0, 0)
        assert (set(between.sent.values()), between.cuts) == ({1}, 0)
        made = between.made
        again = await run.work(task, stages=ORDER[:3], watch=Silent())
        assert again.requests_sent == 0
        assert (between.made, set(between.sent.values())) == (made, {1})
