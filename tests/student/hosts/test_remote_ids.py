"""The ids at the host are kept before each next step: whenever a training is killed, its host has one job of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import together_host
import tuning_host
from hosted_work import KEY, Work

from distill.student.hosts import remote_ids
from distill.student.hosts.host import HostAddress, RemoteFiles
from distill.student.hosts.remote_ids import RemoteIds
from distill.student.hosts.tune import tune

_SEAMS = ("upload", "upload", "upload", "create", *["poll"] * 6)


@pytest.mark.parametrize("double", [tuning_host, together_host], ids=["openai", "together"])
async def test_a_training_killed_ten_times_is_one_job(work: Work, double: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while the host has done its part and its answer is under way, in upload, create and polling."""
    monkeypatch.setattr("distill.student.hosts.tune._CREATE_GRACE_S", 0)
    openai = double is tuning_host
    async with double.serve() as host:
        key, kind = (KEY, "openai") if openai else (together_host.KEY, "together")
        reach = HostAddress(base_url=host.base_url, key=key, timeout_s=30, kind=kind)  # type: ignore[arg-type]  # one of two
        for seam in _SEAMS:
            host.hangs, host.reached = [seam], asyncio.Event()
            killed = asyncio.ensure_future(tune(reach, work.job(), state=work.state, poll_s=0.01))
            async with asyncio.timeout(30):
                await host.reached.wait()
            killed.cancel()
            await asyncio.gather(killed, return_exceptions=True)
            assert killed.cancelled()
        result = await tune(reach, work.job(), state=work.state, poll_s=0.01)
        assert (host.creates, list(host.jobs)) == (1, [result.job_id])


async def test_a_job_that_its_host_makes_after_the_kill_is_waited_for(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The create was under way, so the host is asked again before another one is sent."""
    monkeypatch.setattr("distill.student.hosts.tune._CREATE_GRACE_S", 0)
    async with tuning_host.serve() as host:
        host.late_s = 0.3
        reach = HostAddress(base_url=host.base_url, key=KEY, timeout_s=30)
        killed = asyncio.ensure_future(tune(reach, work.job(), state=work.state, poll_s=0.3))
        async with asyncio.timeout(30):
            await host.reached.wait()
        killed.cancel()
        await asyncio.gather(killed, return_exceptions=True)
        result = await tune(reach, work.job(), state=work.state, poll_s=0.3)
        assert (host.creates, list(host.jobs)) == (1, [result.job_id])


def test_ids_for_other_data_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    assert remote_ids.last(path) is None
    remote_ids.save(path, RemoteIds("a", "file-1", "file-2", creating=True))
    assert remote_ids.load(path, "a").files == RemoteFiles("file-1", "file-2")
    assert remote_ids.load(path, "b") == RemoteIds("b")
    path.write_text('{"tag": 1, "odd": 2}')
    assert remote_ids.last(path) is None
