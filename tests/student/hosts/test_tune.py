"""Hosted tuning against a real host on loopback."""

from __future__ import annotations

import asyncio

import pytest
import tuning_host
from chats import write_rows
from hosted_work import KEY, Work

from distill.student.hosts.host import Event, HostAddress
from distill.student.hosts.job import TuneError
from distill.student.hosts.tune import tune
from distill.teacher.endpoint.stopping import Stopped


async def test_a_job_runs_to_a_named_model_and_tells_each_event_once(work: Work) -> None:
    told: list[Event] = []
    async with tuning_host.serve() as host:
        result = await work.tune(host, hyper={"n_epochs": 3}, seed=7, on_event=told.append)
    assert result.fine_tuned_model == "ft:tiny:ftjob-1"
    assert result.job.trained_tokens == work.train.stat().st_size // 4
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


@pytest.mark.parametrize("fault", ["page", "torn"])
async def test_a_job_whose_reply_cannot_be_read_is_found_by_the_next_run(work: Work, fault: str) -> None:
    """A page of a gateway instead of the job: the host's fault, in one line, and no second job."""
    async with tuning_host.serve(faults=[fault]) as host:
        with pytest.raises(TuneError, match="none of a tuning API"):
            await work.tune(host)
        result = await work.tune(host)
        assert (host.creates, list(host.jobs)) == (1, [result.job_id])


async def test_a_key_in_the_tuned_models_name_is_not_kept(work: Work) -> None:
    async with tuning_host.serve() as host:
        with pytest.raises(TuneError, match="the key into the tuned model's name") as told:
            await work.tune(host, model=f"tiny-{KEY}")
    assert KEY not in str(told.value) + work.state.read_text()


async def test_a_create_that_failed_is_not_sent_again_unasked(work: Work) -> None:
    async with tuning_host.serve(faults=["refused"]) as host:
        with pytest.raises(TuneError, match="run again"):
            await work.tune(host)
        assert (host.creates, len(host.jobs), len(host.files)) == (1, 0, 2)
        await work.tune(host)
        assert (host.creates, len(host.jobs), len(host.files)) == (2, 1, 2)


async def test_ctrl_c_while_a_job_is_made_gives_the_create_some_seconds(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that never answers is left; the job is found by the next call."""
    monkeypatch.setattr("distill.student.hosts.tune._CREATE_GRACE_S", 0.2)
    stop = asyncio.Event()
    async with tuning_host.serve(faults=["hang"]) as host:
        reach = HostAddress(base_url=host.base_url, key=KEY, timeout_s=60)
        work_on = asyncio.ensure_future(tune(reach, work.job(), state=work.state, poll_s=0.01, stop=stop))
        await host.created.wait()
        stop.set()
        with pytest.raises(Stopped, match="no tuning job is known"):
            await asyncio.wait_for(work_on, 30)
        assert (await work.tune(host)).job_id == "ftjob-1"
        assert host.creates == 1


async def test_a_job_that_failed_is_made_anew_with_the_files_already_there(work: Work) -> None:
    async with tuning_host.serve() as host:
        for _ in range(2):
            with pytest.raises(TuneError, match="failed"):
                await work.tune(host, "fail-tiny")
        assert (host.creates, len(host.files)) == (2, 2)
