"""What was shipped, scored beside the student that it came from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir
from distill.ship import artefact
from distill.ship.ship import ship
from distill.ship.student import tuned_student
from distill.ship.target import Target
from distill.task.run import ORDER
from distill.teacher.progress import Silent

SETS = (
    "student.train={with: lora, base: ./base, epochs: 1, layers: 1, learning_rate: 0.01}",
    "evaluate.arms=[student]",
    "teacher.sampling={max_tokens: 8}",
    "evaluate.probes=none",  # which ask base and student a hundred questions more
)


@pytest.mark.slow
def test_merged_weights_answer_as_the_student_of_the_run(task: Path, tiny_family: Callable[[str], Path]) -> None:
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    opened = open_task(task, overrides=SETS, env={})
    running.start(opened, stages=ORDER, watch=Silent())
    folder = RunDir(opened.home, "mood", 1)
    done = ship(tuned_student(opened, folder), Target("merged"), task.parent / "out")
    found = artefact.scored(opened, folder, artefact.address_of(opened, str(done.folder), None), "out", Silent())
    assert found.engine == "transformers"
    assert found.rows == found.answered > 0
    assert found.same >= found.rows - 1, "a tie may fall the other way"
    assert found.difference is not None
    assert found.difference.mean == pytest.approx(0, abs=0.1)
    shutil.rmtree(folder.path / "student")
    address = artefact.address_of(opened, str(done.folder), None)
    with pytest.raises(UsageError, match="has no student to hold it against"):
        artefact.scored(opened, folder, address, "out", Silent())


def test_a_server_needs_the_students_name_there(task: Path) -> None:
    opened = open_task(task, env={})
    with pytest.raises(UsageError, match="needs --model NAME"):
        artefact.address_of(opened, "http://127.0.0.1:8000/v1", None)
    found = artefact.address_of(opened, "http://127.0.0.1:8000/v1", "mood")
    assert (found.model, found.base_url) == ("mood", "http://127.0.0.1:8000/v1")


def test_a_file_that_is_not_there_is_told(task: Path) -> None:
    with pytest.raises(UsageError, match="no such folder or file"):
        artefact.address_of(open_task(task, env={}), "none.gguf", None)
