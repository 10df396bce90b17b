"""Several processes of one launcher train one student: as one process would, with one run, one lock and one writer."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from ended import Said

from distill.errors import DistillError, UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.student.processes import group as processes
from distill.student.processes.shares import Share
from distill.teacher.progress import Silent

TRAIN = (
    "student.train={with: lora, base: ./base, epochs: 3, batch_size: 6, layers: null, rank: 4, learning_rate: 0.001}"
)
DATASET = ("generate", "curate", "export")
LAUNCHED = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the first of two processes."""
    for name, value in LAUNCHED.items():
        monkeypatch.setenv(name, value)


def test_a_process_that_nothing_launched_is_alone_and_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some clusters set a part of what a launcher sets."""
    for name in LAUNCHED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert (processes.count(), processes.first(), processes.share_of(7), processes.agreed(True)) == (
        1,
        True,
        Share(7, 1),
        True,
    )
    processes.announce({"nobody": "hears"})
    processes.release()


def test_a_batch_is_divided_or_refused(launched: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (processes.count(), processes.first(), processes.share_of(8), processes.share_of(8, 4)) == (
        2,
        True,
        Share(4, 1),
        Share(8, 2),
    )
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(UsageError, match=r"a step of 6 rows .* among 4 processes; start 1 or 2 or 3 or 6"):
        processes.share_of(6)
    monkeypatch.setenv("RANK", "1")
    assert not processes.first()


@pytest.mark.parametrize(("name", "what"), [("ACCELERATE_USE_FSDP", "FSDP"), ("ACCELERATE_USE_DEEPSPEED", "DeepSpeed")])
def test_a_base_divided_among_gpus_is_refused(name: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `accelerate launch` asks for it; a precision that its configuration names is put aside, for the spec's holds."""
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp16")
    processes.check_launch()
    assert "ACCELERATE_MIXED_PRECISION" not in os.environ
    monkeypatch.setenv(name, "true")
    with pytest.raises(UsageError, match=rf"configured for {what}, .* distributed_type: MULTI_GPU"):
        processes.check_launch()


def test_what_a_lost_process_does_to_torch_is_said_plainly(
    launched: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By our launcher's word where it is one, and any other fault is left as it is."""
    gone = RuntimeError(
        "[../third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:4711"
    )
    lost = r"another of the 2 processes .*; the same command goes on from the last checkpoint"
    with pytest.raises(DistillError, match=lost), processes.while_all_live():
        raise gone
    told = tmp_path / "died"
    told.write_text("process 2 of 2 was ended by SIGTERM, so the training ended")
    monkeypatch.setenv(processes.LAUNCHED, str(told))
    with pytest.raises(DistillError, match=r"^process 2 of 2 was ended by SIGTERM"), processes.while_all_live():
        raise gone
    with pytest.raises(RuntimeError, match="shape"), processes.while_all_live():
        raise RuntimeError("shape mismatch")


def losses(folder: Path) -> list[tuple[int, float, int]]:
    steps = json.loads((folder / "runs/mood/001/student/loss.json").read_text())
    return [(step["step"], step["train_loss"] or step["valid_loss"], step["tokens"]) for step in steps]


def by_several(task: Path, count: int, during: Callable[[subprocess.Popen[str]], None] | None = None) -> Said:
    """`distill train` of the task in so many processes on CPU; `during` is called while they work."""
    command = [sys.executable, "-m", "distill", "train", task.name, "--processes", str(count), "--set", TRAIN, "--json"]
    path = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=task.parent, env=env, text=True, **pipes) as started:  # type: ignore[call-overload]  # pipes
        try:
            if during is not None:
                during(started)
            out, err = started.communicate(timeout=900)
        finally:
            started.terminate()  # nothing is left where the test fails
        return Said(started.returncode, out, err)


def kill_the_second(student: Path) -> Callable[[subprocess.Popen[str]], None]:
    """As the kernel kills: once a checkpoint is whole."""

    def kill(started: subprocess.Popen[str]) -> None:
        until = time.monotonic() + 900
        while not list(student.glob("checkpoints/checkpoint-*/trainer_state.json")):
            assert started.poll() is None, started.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)
        workers = psutil.Process(started.pid).children()
        (second,) = [one for one in workers if one.environ().get("RANK") == "1"]
        second.kill()

    return kill


@pytest.mark.slow
def test_several_processes_learn_what_one_does_also_after_one_of_them_died(
    task: Path, tiny_family: Callable[[str], Path], tmp_path: Path
) -> None:
    """Of two, one is killed: one line says so, and three go on from the checkpoint. The losses at each step are those of one process, tokens counted
    once; one run is written, by the first alone, and nothing is trained again.
    """
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    running.start(open_task(task, overrides=[TRAIN], env={}), stages=DATASET, watch=Silent())
    alone = tmp_path / "alone"
    shutil.copytree(task.parent, alone, ignore=shutil.ignore_patterns("alone"))
    running.start(open_task(alone / task.name, overrides=[TRAIN], env={}), stages=("train",), watch=Silent())

    student = task.parent / "runs/mood/001/student"
    killed = by_several(task, 2, kill_the_second(student))
    assert killed.code == 1, killed
    assert "Traceback" not in killed.err
    said = json.loads(killed.out)["error"]["message"]
    assert said.startswith("process 2 of 2 was killed by SIGKILL"), said
    assert said.endswith("so the training ended; the same command goes on from the last checkpoint")
    assert not (student / "loss.json").exists()

    done = by_several(task, 3)
    assert done.code == 0, done
    assert json.loads(done.out)["done"] == ["train"], "one object, of the first process"
    one, three = losses(alone), losses(task.parent)
    assert [(step, tokens) for step, _, tokens in one] == [(step, tokens) for step, _, tokens in three]
    assert [loss for _, loss, _ in three] == pytest.approx([loss for _, loss, _ in one], rel=1e-4)

    def names(folder: Path) -> set[str]:
        return {str(path.relative_to(folder)) for path in (folder / "runs").rglob("*") if path.is_file()}

    assert names(task.parent) == names(alone), "what one process writes, and nothing more"
    with (
        sqlite3.connect(task.parent / ".distill" / "answers.db") as several_db,
        sqlite3.connect(alone / ".distill" / "answers.db") as db,
    ):
        count = "SELECT count(*) FROM attempts"
        assert several_db.execute(count).fetchone() == db.execute(count).fetchone()
    again = running.start(open_task(task, overrides=[TRAIN], env={}), stages=("train",), watch=Silent())
    assert again.done == [], "a training by several is the training of the spec"
