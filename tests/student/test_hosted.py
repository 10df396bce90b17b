"""Hosted tuning against a real host on loopback."""

import asyncio
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from chats import write_rows

from distill.errors import AccessRefused
from distill.student.hosted import tune
from distill.student.job import Event, Host, HostedResult, TuneError, shutdown_notice
from distill.testing import tuning_host

KEY = "sk-canary-1234567890"


class Work:
    """The files of one hosted training, and the call."""

    def __init__(self, folder: Path, rows: int = 12) -> None:
        self.train, self.valid = write_rows(folder / "train.jsonl", rows), write_rows(folder / "valid.jsonl", 4)
        self.state = folder / "student" / "job.json"

    async def tune(self, host: tuning_host.Host, model: str = "tiny", **settings: Any) -> HostedResult:
        reach = Host(base_url=host.base_url, key=KEY, timeout_s=2)
        files = {"train": self.train, "valid": self.valid, "state": self.state}
        return await tune(reach, model=model, poll_s=0.01, **files, **settings)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


async def test_a_job_runs_to_a_named_model_and_tells_each_event_once(work: Work) -> None:
    told: list[Event] = []
    async with tuning_host.serve() as host:
        result = await work.tune(host, hyper={"n_epochs": 3}, seed=7, on_event=told.append)
    assert result.fine_tuned_model == "ft:tiny:ftjob-1"
    assert result.trained_tokens == work.train.stat().st_size // 4
    assert [event.message for event in told] == [
        "Created", "Now queued", "Step 1", "Step 2", "Now running", "Now succeeded"
    ]  # fmt: skip
    assert tuple(told) == result.events
    assert result.curve[0] == {"step": 1, "epoch": None, "train_loss": 1.0, "valid_loss": 1.5}
    job = host.jobs["ftjob-1"]
    assert job["method"]["supervised"]["hyperparameters"] == {"n_epochs": 3}
    assert job["seed"] == 7
    assert KEY not in work.state.read_text()


async def test_the_same_data_and_settings_are_paid_for_once_and_others_anew(work: Work) -> None:
    async with tuning_host.serve() as host:
        first = await work.tune(host)
        assert (await work.tune(host)).job_id == first.job_id
        work.state.unlink()  # a fresh run folder: the job is found at the host by its tag
        assert (await work.tune(host)).job_id == first.job_id
        assert host.creates == 1
        assert (await work.tune(host, hyper={"n_epochs": 1})).job_id != first.job_id
        write_rows(work.train, 13)
        await work.tune(host)
        assert (host.creates, len(host.jobs)) == (3, 3)


async def test_a_create_whose_answer_was_lost_is_adopted(work: Work) -> None:
    async with tuning_host.serve(faults=["lost"]) as host:
        result = await work.tune(host)
        assert (host.creates, list(host.jobs)) == (1, [result.job_id])


async def test_a_create_that_failed_is_not_sent_again_unasked(work: Work) -> None:
    async with tuning_host.serve(faults=["refused"]) as host:
        with pytest.raises(TuneError, match="run again"):
            await work.tune(host)
        assert (host.creates, len(host.jobs), len(host.files)) == (1, 0, 2)
        await work.tune(host)
        assert (host.creates, len(host.jobs), len(host.files)) == (2, 1, 2)


CHILD = """
import asyncio, sys
from pathlib import Path
from distill.student.hosted import tune
from distill.student.job import Host
url, folder = sys.argv[1], Path(sys.argv[2])
asyncio.run(tune(Host(base_url=url, key="k"), train=folder / "train.jsonl", valid=folder / "valid.jsonl",
                 model="tiny", state=folder / "student" / "job.json", poll_s=0.01))
"""


async def test_killed_between_create_and_record_there_is_exactly_one_job(work: Work, tmp_path: Path) -> None:
    async with tuning_host.serve(faults=["hang"]) as host:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, host.base_url, str(tmp_path), stderr=subprocess.DEVNULL
        )
        async with asyncio.timeout(30):
            await host.created.wait()
        child.kill()
        await child.wait()
        assert json.loads(work.state.read_text())["job_id"] is None
        result = await work.tune(host)
        assert (host.creates, list(host.jobs)) == (1, [result.job_id])


@pytest.mark.parametrize(
    ("model", "error", "says"),
    [
        ("fail-tiny", TuneError, "refusals_v3.*unsafe_file"),
        ("cancel-tiny", TuneError, "was cancelled"),
        ("retired-tiny", AccessRefused, "was shut down on 2026-01-01"),
        ("closed-tiny", AccessRefused, "can no longer create"),
    ],
)
async def test_every_bad_end_is_told_in_the_hosts_words(
    work: Work, model: str, error: type[Exception], says: str
) -> None:
    async with tuning_host.serve() as host:
        with pytest.raises(error, match=says):
            await work.tune(host, model)


async def test_a_job_that_failed_is_made_anew_with_the_files_already_there(work: Work) -> None:
    async with tuning_host.serve() as host:
        for _ in range(2):
            with pytest.raises(TuneError, match="failed"):
                await work.tune(host, "fail-tiny")
        assert (host.creates, len(host.files)) == (2, 2)


async def test_a_file_the_host_cannot_read_stops_before_a_job_is_made(work: Work) -> None:
    work.train.write_text('{"messages": []}\n')
    async with tuning_host.serve() as host:
        with pytest.raises(TuneError, match="line 1 is no chat example"):
            await work.tune(host)
        assert host.creates == 0


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
