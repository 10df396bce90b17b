"""Two processes of one launcher train one student: as one process would, with one run, one lock and one writer."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.student.trainers import processes
from distill.teacher.progress import Silent

TRAIN = "student.train={with: lora, base: ./base, epochs: 2, batch_size: 6, layers: null, rank: 4, learning_rate: 0.01}"
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
    assert (processes.count(), processes.first(), processes.share_of(7), processes.agreed(True)) == (1, True, 7, True)
    processes.announce({"nobody": "hears"})
    processes.release()


def test_a_batch_is_divided_or_refused(launched: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (processes.count(), processes.first(), processes.share_of(8)) == (2, True, 4)
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(UsageError, match=r"a batch of 6 rows .* among 4 processes; start 1 or 2 or 3 or 6"):
        processes.share_of(6)
    monkeypatch.setenv("RANK", "1")
    assert not processes.first()


def losses(folder: Path) -> list[tuple[int, float, int]]:
    steps = json.loads((folder / "runs/mood/001/student/loss.json").read_text())
    return [(step["step"], step["train_loss"] or step["valid_loss"], step["tokens"]) for step in steps]


def by_two(task: Path, launcher: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """`distill train` of the task in two processes on CPU."""
    command = [sys.executable, "-m", *launcher, "-m", "distill", "train", task.name, "--set", TRAIN, "--json"]
    path = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=task.parent, env=env, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.slow
def test_two_processes_learn_what_one_does(task: Path, tiny_family: Callable[[str], Path], tmp_path: Path) -> None:
    """The same losses at each step, tokens counted once; one run is written, by the first alone, and nothing is trained again."""
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    running.start(open_task(task, overrides=[TRAIN], env={}), stages=DATASET, watch=Silent())
    alone = tmp_path / "alone"
    shutil.copytree(task.parent, alone, ignore=shutil.ignore_patterns("alone"))
    running.start(open_task(alone / task.name, overrides=[TRAIN], env={}), stages=("train",), watch=Silent())

    said = by_two(task, ("torch.distributed.run", "--standalone", "--nproc_per_node", "2"))
    assert said.returncode == 0, said.stderr[-2000:]
    assert json.loads(said.stdout)["done"] == ["train"], "one object, of the first process"
    one, two = losses(alone), losses(task.parent)
    assert [(step, tokens) for step, _, tokens in one] == [(step, tokens) for step, _, tokens in two]
    assert [loss for _, loss, _ in two] == pytest.approx([loss for _, loss, _ in one], rel=1e-4)

    def names(folder: Path) -> set[str]:
        return {str(path.relative_to(folder)) for path in (folder / "runs").rglob("*") if path.is_file()}

    assert names(task.parent) == names(alone), "what one process writes, and nothing more"
    with (
        sqlite3.connect(task.parent / ".distill" / "answers.db") as two_db,
        sqlite3.connect(alone / ".distill" / "answers.db") as db,
    ):
        count = "SELECT count(*) FROM attempts"
        assert two_db.execute(count).fetchone() == db.execute(count).fetchone()
    again = running.start(open_task(task, overrides=[TRAIN], env={}), stages=("train",), watch=Silent())
    assert again.done == [], "a training by two is the training of the spec"
