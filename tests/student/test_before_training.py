"""A run asks the preflight before it trains: a stop ends it before anything is trained, sent or paid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tuning_host

from distill.errors import GateNotMet, UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.rundir import RunDir
from distill.student import before_training
from distill.teacher.progress import Silent

KEY = "AKIAIOSFODNN7EXAMPLQ"
STAGES = ("generate", "curate", "export", "train")
HOSTED = "student.train={with: hosted, base: tiny, poll_s: 0.01}"


@pytest.fixture
def leaky(task: Path) -> Path:
    """A task that names its own gates, without the one that drops credentials, and has one in each seed."""
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    rows = [row | {"message": f"{row['message']} {KEY}"} for row in rows]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task.write_text(task.read_text() + "gates: [schema]\n")
    return task


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


async def run(task: Path, *sets: str, host: str = "http://127.0.0.1:9/v1", **how: Any) -> Run:
    opened = open_task(task, overrides=sets, env={"OPENAI_BASE_URL": host})
    return await running.work(opened, stages=STAGES, watch=how.pop("watch", Silent()), **how)


async def test_a_stop_ends_a_hosted_training_before_anything_is_sent(leaky: Path) -> None:
    async with tuning_host.serve() as host:
        with pytest.raises(
            GateNotMet, match=r"preflight of mood/001/train\.jsonl: .*key or a password.*train\.jsonl:1 and"
        ) as fault:
            await run(leaky, HOSTED, host=host.base_url)
        assert fault.value.exit_code == 4
        assert KEY not in str(fault.value)
        assert (host.files, host.creates) == ({}, 0)
        heard = Heard()
        done = await run(leaky, HOSTED, host=host.base_url, anyway=True, watch=heard)
        assert (host.creates, done.exit_code) == (1, 0)
    assert any("preflight: credential (" in line for line in heard.lines)


async def test_a_look_is_no_read_of_the_training(task: Path) -> None:
    """Test rows are looked at beforehand, and a training is not out of date when they change."""
    async with tuning_host.serve() as host:
        done = await run(task, HOSTED, host=host.base_url)
        reads = json.loads((done.folder / "manifest.json").read_text())["stages"]["train"]["reads"]
        assert not [name for name in reads if "test.jsonl" in name]


async def test_a_run_without_a_dataset_is_told_the_verb_that_writes_it(task: Path) -> None:
    opened = open_task(task, env={})
    with pytest.raises(UsageError, match=r"run mood/001 has no train\.jsonl yet; `distill export mood` writes it"):
        before_training.report(opened, RunDir(opened.home, "mood", 1))
