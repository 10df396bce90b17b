"""A tuning job is watched to its end, whatever words its host has, and left there by one who stops."""

from __future__ import annotations

import asyncio

import pytest
import tuning_host
from hosted_work import KEY, Work

from distill.student.hosts.host import Event, HostAddress
from distill.student.hosts.tune import tune
from distill.teacher.endpoint.stopping import Stopped


@pytest.mark.parametrize(
    "words",
    [
        {"validating_files": "VALIDATING_FILES", "queued": "PENDING", "running": "RUNNING", "succeeded": "SUCCEEDED"},
        {"validating_files": "JOB_STATE_PENDING", "running": "JOB_STATE_RUNNING", "succeeded": "JOB_STATE_SUCCEEDED"},
        {"queued": "notRunning", "running": "in-progress", "succeeded": "Completed"},
        {"queued": "mulling", "succeeded": "ok"},
    ],
    ids=str,
)
async def test_a_jobs_states_are_read_in_any_spelling(work: Work, words: dict[str, str]) -> None:
    """A word that no table knows is told once, and taken for under way."""
    told: list[Event] = []
    async with tuning_host.serve() as host:
        host.words = words
        result = await work.tune(host, on_event=told.append)
        assert result.fine_tuned_model == "ft:tiny:ftjob-1"
        assert (await work.tune(host)).job_id == result.job_id
    assert [event.message for event in told if "unknown" in event.message] == [
        f"the host's word for the job is {word!r}, which is unknown: it is treated as running"
        for word in words.values()
        if word == "mulling"
    ]


async def test_ctrl_c_while_a_job_is_polled_leaves_it_at_the_host(work: Work) -> None:
    """At once, and with the job's id; the next call picks it up."""
    stop, told = asyncio.Event(), list[str]()

    def tell(event: Event) -> None:
        told.append(event.message)
        stop.set()

    async with tuning_host.serve() as host:
        reach = HostAddress(base_url=host.base_url, key=KEY, timeout_s=2)
        with pytest.raises(Stopped, match="tuning job ftjob-1 goes on at the host") as stopped:
            await asyncio.wait_for(tune(reach, work.job(), state=work.state, poll_s=1000, on_event=tell, stop=stop), 20)
        assert stopped.value.exit_code == 130
        assert told
        assert (await work.tune(host)).job_id == "ftjob-1"
        assert host.creates == 1
