"""Hosted tuning against a real host on loopback."""

import asyncio
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import forks
import pytest
from chats import write_rows

from distill.errors import AccessRefused
from distill.student.hosts.job import Event, HostAddress, HostedResult, TuneError, shutdown_notice
from distill.student.hosts.openai_compatible import TuningJob, tune
from distill.teacher.endpoint.stopping import Stopped
from distill.testing import tuning_host
from distill.testing.tuning_jobs import TuningHost

KEY = "sk-canary-1234567890"


class Work:
    """The files of one hosted training, and the call."""

    def __init__(self, folder: Path, rows: int = 12) -> None:
        self.train, self.valid = write_rows(folder / "train.jsonl", rows), write_rows(folder / "valid.jsonl", 4)
        self.state = folder / "student" / "job.json"

    def job(self, model: str = "tiny", **settings: Any) -> TuningJob:
        return TuningJob(model, self.train, self.valid, **settings)

    async def tune(
        self,
        host: TuningHost,
        model: str = "tiny",
        on_event: Callable[[Event], None] | None = None,
        **settings: Any,
    ) -> HostedResult:
        reach = HostAddress(base_url=host.base_url, key=KEY, timeout_s=2)
        return await tune(reach, self.job(model, **settings), state=self.state, poll_s=0.01, on_event=on_event)


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


CHILD = """
import asyncio, sys
from pathlib import Path
from distill.student.hosts.job import HostAddress
from distill.student.hosts.openai_compatible import TuningJob, tune
url, folder = sys.argv[1], Path(sys.argv[2])
asyncio.run(tune(HostAddress(base_url=url, key="k"), TuningJob("tiny", folder / "train.jsonl", folder / "valid.jsonl"),
                 state=folder / "student" / "job.json", poll_s=0.01))
"""


async def test_killed_between_create_and_record_there_is_exactly_one_job(work: Work, tmp_path: Path) -> None:
    async with tuning_host.serve(faults=["hang"]) as host:
        child = forks.python(CHILD, host.base_url, tmp_path)
        async with asyncio.timeout(30):
            await host.created.wait()
        child.kill()
        await child.communicate()
        assert json.loads(work.state.read_text())["job_id"] is None
        result = await work.tune(host)
        assert (host.creates, list(host.jobs)) == (1, [result.job_id])


@pytest.mark.parametrize(
    "how",
    [
        {"metadata": False},
        {"metadata": False, "page": 2},
        {"metadata": False, "page": 2, "oldest_first": True},
        {"page": 1, "oldest_first": True},
    ],
    ids=str,
)
async def test_a_job_is_found_by_its_training_file_where_the_host_gives_no_metadata(
    work: Work, tmp_path: Path, how: dict[str, Any]
) -> None:
    """Killed between create and record, in any order and any pages of the host's list: one job."""
    async with tuning_host.serve() as host:
        for name, value in how.items():
            setattr(host, name, value)
        for rows in (13, 14, 15):  # other people's jobs
            (tmp_path / str(rows)).mkdir()
            await Work(tmp_path / str(rows), rows).tune(host)
        host.faults.append("hang")
        host.created.clear()
        child = forks.python(CHILD, host.base_url, tmp_path)
        async with asyncio.timeout(30):
            await host.created.wait()
        child.kill()
        await child.communicate()
        result = await work.tune(host)
        assert (host.creates, len(host.jobs), result.job_id) == (4, 4, "ftjob-4")


async def test_a_create_whose_answer_was_lost_is_adopted_without_metadata(work: Work) -> None:
    async with tuning_host.serve(faults=["lost"]) as host:
        host.metadata = False
        result = await work.tune(host)
        assert (host.creates, list(host.jobs)) == (1, [result.job_id])


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


@pytest.mark.parametrize(("model", "word"), [("fail-tiny", "Error"), ("cancel-tiny", "Canceled")])
async def test_a_job_that_ended_badly_in_other_words_is_not_adopted(work: Work, model: str, word: str) -> None:
    async with tuning_host.serve() as host:
        host.words = {"failed": word, "cancelled": word}
        for _ in range(2):
            with pytest.raises(TuneError, match=r"failed|was cancelled"):
                await work.tune(host, model)
        assert host.creates == 2


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


async def test_ctrl_c_while_a_job_is_made_gives_the_create_some_seconds(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that never answers is left; the job is found by the next call."""
    monkeypatch.setattr("distill.student.hosts.openai_compatible._CREATE_GRACE_S", 0.2)
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
