"""What a tuning host says of a job, and how it is put for a person."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import tuning_host
from aiohttp import web
from hosted_work import Work

from distill.errors import AccessRefused
from distill.student.hosts.host import HostAddress
from distill.student.hosts.job import TuneError, shutdown_notice
from distill.student.hosts.tune import tune


@pytest.mark.parametrize(
    ("model", "error", "says"),
    [
        ("fail-tiny", TuneError, "refusals_v3.*unsafe_file"),
        ("cancel-tiny", TuneError, "was cancelled"),
        ("retired-tiny", AccessRefused, "was shut down on 2026-01-01"),
        ("closed-tiny", AccessRefused, "can no longer create.*7 May 2026.*6 January 2027.*with: lora"),
        ("gone-tiny", AccessRefused, "no longer available.*6 January 2027.*host: together"),
    ],
)
async def test_every_bad_end_is_told_in_the_hosts_words(
    work: Work, model: str, error: type[Exception], says: str
) -> None:
    async with tuning_host.serve() as host:
        with pytest.raises(error, match=says):
            await work.tune(host, model)


async def test_too_few_rows_is_told_in_the_hosts_words(tmp_path: Path) -> None:
    async with tuning_host.serve() as host:
        with pytest.raises(TuneError, match="must have at least 10"):
            await Work(tmp_path, rows=3).tune(host)


def test_shutdown_dates_are_refused_warned_of_or_left_alone() -> None:
    today = date(2026, 11, 21)
    assert shutdown_notice("m", None, today) is None
    assert shutdown_notice("m", "2028-01-14", today) is None
    near = shutdown_notice("m", "2027-01-14", today)
    assert near is not None
    assert "54 days left" in near.message
    with pytest.raises(AccessRefused, match="shut down on 2026-11-21"):
        shutdown_notice("m", "2026-11-21T00:00:00Z", today)


async def test_a_gateways_page_in_a_refusal_is_only_named(work: Work) -> None:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(status=404, text="<html>\n<body>nginx</body></html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reach = HostAddress(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}/v1", key="k", timeout_s=2)
    with pytest.raises(TuneError, match=r"404, and no reason that a tuning API gives; look at") as told:
        await tune(reach, work.job(), state=work.state, poll_s=0.01)
    assert "nginx" not in str(told.value)
    assert "\n" not in str(told.value)
    await runner.cleanup()
