"""The hosted way from seeds to verdict, and a refresh of it, against a host that keeps files, jobs and models."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import tuning_host
from host_jobs import whole_host
from tuning_jobs import TuningHost

from distill.errors import AccessRefused, GateNotMet
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.endpoint.stopping import Stopped
from distill.teacher.progress import Silent


@pytest.fixture
def hosted(task: Path) -> Path:
    text = task.read_text().replace("train: {with: none}", "train: {with: hosted, base: tiny, poll_s: 0.01}")
    task.write_text(text.replace("arms: [teacher]", "arms: [teacher, base, student]"))
    return task


async def run(task: Path, host: TuningHost | SimpleNamespace, *sets: str, **how: Any) -> Run:
    task = open_task(task, overrides=sets, env={"OPENAI_BASE_URL": host.base_url})
    return await running.work(task, stages=how.pop("stages", ORDER), watch=Silent(), **how)


def arms(result: Run) -> dict[str, float]:
    found = json.loads((result.folder / "comparison.json").read_text())
    return {name: arm["metrics"]["schema"]["mean"] for name, arm in found["arms"].items()}


async def test_a_host_tunes_the_student_and_the_student_is_compared(hosted: Path) -> None:
    """One job; the tuned model answers the test rows in the teacher's form, its base does not; again costs nothing."""
    async with tuning_host.serve() as host:
        first = await run(hosted, host)
        asked = host.questions
        again = await run(hosted, host)
        assert (host.creates, host.questions, again.requests_sent) == (1, asked, 0)
    assert arms(first) == {"teacher": 1.0, "base": 0.0, "student": 1.0}
    assert json.loads((first.folder / "student" / "hosted.json").read_text())["job"] == "ftjob-1"


async def test_distill_host_is_such_a_host(hosted: Path, tiny_base: Path, tmp_path: Path) -> None:
    """The same run at our own server: it trains the rows, keeps losses and answers with the tune, of which nothing is asked twice."""
    with whole_host(tmp_path / "host", tiny_base) as url:
        there = SimpleNamespace(base_url=url)
        first = await run(hosted, there, "student.train.poll_s=0.2", "student.train.epochs=1")
        again = await run(hosted, there, "student.train.poll_s=0.2", "student.train.epochs=1")
    assert set(arms(first)) == {"teacher", "base", "student"}
    kept = json.loads((first.folder / "student" / "hosted.json").read_text())
    assert (kept["model"].startswith("ft:tiny:"), kept["trained_tokens"] > 0, again.requests_sent) == (True, True, 0)
    curve = json.loads((first.folder / "student" / "loss.json").read_text())
    assert [row["step"] for row in curve] == list(range(1, len(curve) + 1))
    assert all(row["train_loss"] > 0 for row in curve)


async def test_a_hosted_student_has_a_curve_of_its_loss(hosted: Path) -> None:
    """What the host told of each step lies where a local training's lies, and the report shows it."""
    async with tuning_host.serve() as host:
        folder = (await run(hosted, host)).folder
    curve = json.loads((folder / "student" / "loss.json").read_text())
    assert curve == [
        {"step": step, "epoch": None, "train_loss": 1.0 / step, "valid_loss": 1.5 / step} for step in (1, 2)
    ]
    assert json.loads((folder / "report.json").read_text())["loss"] == curve


async def test_ctrl_c_while_a_host_tunes_ends_the_run_and_the_next_picks_the_job_up(hosted: Path) -> None:
    class Polled(Silent):
        def say(self, text: str) -> None:
            if "Now queued" in text:
                os.kill(os.getpid(), signal.SIGINT)

    async with tuning_host.serve() as host:
        task = open_task(hosted, overrides=["student.train.poll_s=1000"], env={"OPENAI_BASE_URL": host.base_url})
        with pytest.raises(Stopped, match="tuning job ftjob-1 goes on at the host") as stopped:
            await asyncio.wait_for(running.work(task, stages=ORDER, watch=Polled()), 60)
        assert stopped.value.exit_code == 130
        result = await run(hosted, host)
        assert (result.exit_code, host.creates) == (0, 1)


async def test_a_refresh_with_the_same_answers_adopts_the_job_and_sends_nothing(hosted: Path) -> None:
    """Equal data makes an equal student: it is not paid for a second time."""
    async with tuning_host.serve() as host:
        await run(hosted, host)
        asked = host.questions
        fresh = await run(hosted, host, "evaluate.margin=0.1", refresh=True)
        assert (host.creates, host.questions, fresh.requests_sent) == (1, asked, 0)
    assert fresh.name == "mood/002"


async def test_a_refresh_with_a_new_teacher_compares_both_students(hosted: Path) -> None:
    """Same rows, same test rows, another teacher: a second job, and the report says how the two students differ."""
    async with tuning_host.serve() as host:
        old = await run(hosted, host)
        (hosted.parent / "teacher.md").write_text("Say the mood as JSON, and think first.\n[user]\n{{message}}\n")
        new = await run(hosted, host, refresh=True)
        assert host.creates == 2
    seeds = [pl.read_parquet(r.folder / "seeds.parquet").select("seed_id", "role") for r in (old, new)]
    assert seeds[0].equals(seeds[1])
    assert set(arms(new)) == {"teacher", "base", "student", "previous"}
    told = json.loads((new.folder / "report.json").read_text())["previous"]
    assert told["run"] == "mood/001"
    assert "n = 12" in told["sentences"][0]
    assert "mood/001" in (new.folder / "REPORT.md").read_text()


async def test_a_student_that_is_gone_from_the_host_stops_the_run_and_says_so(hosted: Path) -> None:
    """A model that does not exist is exit 6, not a table of zeros."""
    async with tuning_host.serve() as host:
        await run(hosted, host, stages=ORDER[:4])
        host.jobs.clear()
        with pytest.raises(AccessRefused, match="does not exist"):
            await run(hosted, host)


async def test_too_few_rows_are_not_sent_to_the_host(hosted: Path) -> None:
    """Nothing is uploaded, and the message names the least number."""
    async with tuning_host.serve() as host:
        with pytest.raises(GateNotMet, match="at least 10"):
            await run(hosted, host, "dataset.accept=6")
        assert (host.creates, host.files) == (0, {})


async def test_a_student_tuned_anew_is_evaluated_anew(hosted: Path) -> None:
    """Another dataset makes another job, and the verdict is that of its model."""
    async with tuning_host.serve() as host:
        await run(hosted, host)
        asked = host.questions
        again = await run(hosted, host, "dataset.accept=14")
        assert (host.creates, host.questions > asked) == (2, True)
    assert "student/hosted.json changed" in again.changed["evaluate"]
    calls = pl.read_parquet(again.folder / "calls.parquet").filter(arm="student")
    tuned = json.loads((again.folder / "student" / "hosted.json").read_text())
    assert tuned["model"] == "ft:tiny:ftjob-2"
    assert calls.height == 12


async def test_another_host_tunes_and_answers_by_itself(hosted: Path) -> None:
    """OPENAI_BASE_URL is read by training and evaluation, so both are done at the host that it names now."""
    async with tuning_host.serve() as one, tuning_host.serve() as other:
        await run(hosted, one)
        asked = one.questions
        again = await run(hosted, other)
        assert (again.exit_code, other.creates, one.questions) == (0, 1, asked)
        assert other.questions > 0
    assert {"train", "evaluate"} <= set(again.done)
    assert "$OPENAI_BASE_URL changed" in again.changed["train"]
