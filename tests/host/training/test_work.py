"""The process of a job by itself: who may work, and how it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from chats import write_rows
from job_forks import JobForks

from distill.host.training import order, progress, work
from distill.host.training.order import Order
from distill.host.training.progress import STOPPED, ProgressWriter


def steps(folder: Path) -> list[int]:
    return [line["step"]["step"] for line in progress.read(folder, 0)[0] if "step" in line]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 300
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def last_checkpoint(folder: Path) -> int:
    found = (folder / "tune" / "checkpoints").glob("checkpoint-*/trainer_state.json")
    return max((int(re.sub(r"\D", "", path.parent.name)) for path in found), default=0)


@pytest.mark.slow
def test_one_process_works_at_a_time_and_none_repeats_what_a_checkpoint_holds(
    tiny_base: Path, job_forks: JobForks, tmp_path: Path
) -> None:
    """The first one's server goes away: it stops with a checkpoint, and the second, which waited, goes on. That one is killed."""
    asked = {"n_epochs": 20, "batch_size": 2, "learning_rate_multiplier": 1.0}
    rows = write_rows(tmp_path / "rows", 16)
    folder = tmp_path / "job"
    order.make(folder, Order(str(tiny_base), str(tmp_path), "supervised", asked, 1), {"train": rows})
    work.check(folder, ProgressWriter(folder))
    first, second = (job_forks.start(folder, "train") for _ in range(2))
    until(lambda: len(steps(folder)) >= 3)
    one, other = (first, second) if (folder / ".lock").read_text() == str(first.pid) else (second, first)
    assert one.stdin is not None
    one.stdin.close()
    assert one.wait(300) == STOPPED
    stopped = len(steps(folder))
    until(lambda: len(steps(folder)) >= stopped + 4)
    other.send_signal(signal.SIGKILL)
    assert other.wait(300) == -signal.SIGKILL
    killed, held = len(steps(folder)), last_checkpoint(folder)
    last = job_forks.start(folder, "train")
    assert last.wait(300) == 0
    found = steps(folder)
    assert found[:killed] == list(range(1, killed + 1))
    assert found[killed:] == list(range(held + 1, 161))
    assert progress.read(folder, 0)[0][-1]["done"]["step"] == 160


def test_a_base_that_cannot_be_trained_is_the_jobs_reason(job_forks: JobForks, tmp_path: Path) -> None:
    folder = tmp_path / "job"
    order.make(
        folder,
        Order(str(tmp_path / "none"), str(tmp_path), "supervised", {}, 1),
        {"train": write_rows(tmp_path / "rows", 12)},
    )
    assert job_forks.start(folder, "check").wait(300) == progress.FAILED
    failed = progress.read(folder, 0)[0][-1]["failed"]
    assert (failed["code"], failed["param"]) == ("model_not_trainable", "model")
    assert "no such folder or file" in failed["message"]


@pytest.mark.parametrize("full", ["/dev/full"])
def test_a_full_disk_has_an_exit_code_of_its_own(tmp_path: Path, full: str) -> None:
    if not Path(full).exists():
        pytest.skip("this system has no /dev/full")
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "progress.jsonl").symlink_to(full)
    (folder / "order.json").write_text("{}")
    order.make(folder, Order(str(tmp_path / "none"), str(tmp_path), "supervised", {}, 1), {})
    command = [sys.executable, "-m", "distill.host.training.work", str(folder), "check"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait(300) == progress.DISK_FULL
