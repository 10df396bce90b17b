"""The files of a tuning job: waited for until the host has read them, and no job is made of one that it cannot read."""

from __future__ import annotations

import pytest
import tuning_host
from hosted_work import Work

from distill.student.hosts.job import TuneError


@pytest.mark.parametrize("word", ["pending", "PENDING", "Processing", "notRunning", "uploaded", "mulling"])
async def test_a_file_that_the_host_has_not_read_is_waited_for(work: Work, word: str) -> None:
    """Only then is a job made; a word that no table knows is waited for too."""
    async with tuning_host.serve() as host:
        host.pending, host.unread_word = 3, word
        await work.tune(host)
        assert (host.creates, len(host.files)) == (1, 2)


async def test_a_file_that_is_said_to_be_read_and_is_not_is_mended_by_the_hosts_refusal(work: Work) -> None:
    """`ready` is its word from the first, and a job made at once is a 400."""
    async with tuning_host.serve() as host:
        host.pending, host.unread_word = 3, "ready"
        result = await work.tune(host)
        assert (list(host.jobs), len(host.files), host.creates) == ([result.job_id], 2, 3)


async def test_a_file_the_host_cannot_read_stops_before_a_job_is_made(work: Work) -> None:
    work.train.write_text('{"messages": []}\n')
    async with tuning_host.serve() as host:
        with pytest.raises(TuneError, match="line 1 is no chat example"):
            await work.tune(host)
        assert host.creates == 0
