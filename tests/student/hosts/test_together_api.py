"""What Together's transport makes of replies that no API gives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from hosted_work import Work

from distill.student.hosts.host import HostAddress
from distill.student.hosts.job import TuneError
from distill.student.hosts.tune import tune


@asynccontextmanager
async def _answering(reply: web.Response) -> AsyncIterator[str]:
    app = web.Application()

    async def any_path(request: web.Request) -> web.Response:
        return web.json_response({}) if "limits" in request.path or "fine-tunes" in request.path else reply

    app.router.add_route("*", "/{path:.*}", any_path)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (web.Response(text="<html>hello</html>", content_type="text/html"), "gave no address for an upload"),
        (web.Response(status=302, headers={"Location": "ftp://x/y", "X-Together-File-Id": "f"}), "not encrypted"),
        (
            web.Response(status=418, text="<html>tea</html>", content_type="text/html"),
            "418, and no reason that a tuning API gives; look at",
        ),
    ],
    ids=["page", "odd-address", "other-status"],
)
async def test_an_upload_to_no_such_host_is_one_line(work: Work, reply: web.Response, says: str) -> None:
    async with _answering(reply) as url:
        reach = HostAddress(base_url=url, key="k", timeout_s=2, kind="together")
        with pytest.raises(TuneError, match=says) as told:
            await tune(reach, work.job(), state=work.state, poll_s=0.01)
        assert "\n" not in str(told.value)


async def test_a_page_in_place_of_the_api_is_named(work: Work) -> None:
    app = web.Application()

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<html>hello</html>", content_type="text/html")

    app.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    with pytest.raises(TuneError, match=r"none of a tuning API.*student\.train\.base_url"):
        await tune(HostAddress(base_url=url, key="k", kind="together"), work.job(), state=work.state)
    await runner.cleanup()
