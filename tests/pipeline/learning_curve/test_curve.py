"""The learning curve of a run, drawn by real trainings: of a tiny language model and of a linear model."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.evaluate.curve.result import LearningCurve, read_curves
from distill.pipeline import run as running
from distill.pipeline.learning_curve.curve import drawn
from distill.pipeline.learning_curve.plan import CurvePlan, CurveRequest
from distill.pipeline.learning_curve.rows import student_kind
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.endpoint.stopping import Stopped
from distill.teacher.progress import Silent

LORA = (
    "student.train={with: lora, base: ./base, epochs: 1, batch_size: 2, layers: 1, rank: 2}",
    "evaluate.arms=[student]",
    "teacher.sampling={max_tokens: 4}",
    "dataset.accept=30",
    "seeds.test={rows: 24, gold: true}",
)


def at(spec: Path, *sets: str) -> tuple[Task, RunDir]:
    """The task and its first run."""
    opened = open_task(spec, overrides=sets, env={})
    return opened, RunDir(opened.home, "mood", 1)


def curve(
    task: Task, folder: RunDir, request: CurveRequest, watch: Silent | None = None
) -> tuple[LearningCurve, CurvePlan]:
    plans: list[CurvePlan] = []
    found = drawn(task, folder, request, watch or Silent(), told=plans.append)
    return found, plans[0]


class Stopping(Silent):
    """Ctrl-C at the third step."""

    def training(self, *, step: int, **_: object) -> None:
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)


class Steps(Silent):
    """Keeps the steps that were trained."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def training(self, *, step: int, **_: object) -> None:
        self.seen.append(step)


@pytest.mark.slow
def test_curve_of_a_language_model_goes_on_after_an_interrupt(moods: Path, tiny_family: Callable[[str], Path]) -> None:
    """The run's own student is its last point; what was trained is never trained again, and nothing else of the run changes."""
    shutil.copytree(tiny_family("llama"), moods.parent / "base")
    task, folder = at(moods, *LORA)
    running.start(task, stages=ORDER, watch=Silent())
    before = {path.name: path.read_bytes() for path in folder.path.iterdir() if path.is_file()}
    request, point = CurveRequest(rows="12,100%"), folder.path / "curve/lora/00012-0"
    with pytest.raises(Stopped, match="training was stopped at step 4 of 6"):
        curve(task, folder, request, Stopping())
    assert not (folder.path / "curve.json").exists()
    assert not (point / "point.json").exists()
    steps = Steps()
    found, plan = curve(task, folder, request, steps)
    assert plan.own
    assert [(name.rows, name.seed) for name in plan.to_train] == [(12, 0)]
    assert steps.seen[0] > 3, "no step is trained twice after the last checkpoint"
    assert [point.rows for point in found.points] == [12, 27]
    assert {point.score.n for point in found.points} == {24}
    assert len((point / "train.jsonl").read_bytes().splitlines()) == 12
    assert (point / "adapter/adapter_model.safetensors").exists()
    assert not (folder.path / "curve/lora/00027-0/adapter").exists(), "it is the run's own student"
    again, plan = curve(task, folder, request)
    assert plan.to_train == ()
    assert again == found
    changed = {name for name, data in before.items() if (folder.path / name).read_bytes() != data}
    assert changed <= {".lock"}


def test_curve_of_a_linear_model_counts_its_seeds(finished_moods: Path) -> None:
    """More rows make a better model; several seeds are in the interval, and both kinds of curve stand in one file."""
    task, folder = at(finished_moods)
    found, plan = curve(task, folder, CurveRequest(seeds=2))
    assert [point.rows for point in found.points] == [30, 60, 90, 120]
    assert len(plan.to_train) == 8
    assert found.points[-1].score.mean > found.points[0].score.low + 0.1
    assert all(len(point.seeds) == 2 for point in found.points)
    assert "the 2 seeds" in found.interval
    assert found.last_step.gain.n == found.scored == 80
    assert found.price.bought == 0
    assert read_curves(folder) == {"linear": found}
    with (folder.path / "test.jsonl").open("a") as file:
        file.write("\n")
    assert read_curves(folder) == {}, "a curve of other rows is none of this dataset"


def test_a_point_is_trained_again_where_its_rows_are_others(finished_moods: Path) -> None:
    task, folder = at(finished_moods)
    curve(task, folder, CurveRequest(rows="40,80"))
    point = folder.path / "curve/linear/00040-0/point.json"
    point.write_text(json.dumps(json.loads(point.read_text()) | {"key": "another"}))
    assert [name.rows for name in curve(task, folder, CurveRequest(rows="40,80,120"))[1].to_train] == [40, 120]


def test_what_bears_no_curve_is_refused(finished_moods: Path) -> None:
    task, folder = at(finished_moods)
    for request, message in (
        (
            CurveRequest(rows="50,500"),
            "--rows names 500; a point has at least 20 rows, and the run has 120 training rows",
        ),
        (CurveRequest(rows="many"), "expected numbers of rows or percents"),
        (CurveRequest(rows="120"), "a curve takes at least 2 points"),
        (CurveRequest(seeds=0), "--seeds is 0; expected 1 to 20"),
        (CurveRequest(student="forest"), "--with forest: expected linear"),
    ):
        with pytest.raises(UsageError, match=message):
            curve(task, folder, request)
    (finished_moods.parent / "student.md").write_text("Which mood?\n[user]\n{{message}}\n")
    with pytest.raises(UsageError, match=r"student\.md is not the prompt any more that mood/001 was made with"):
        curve(open_task(finished_moods, env={}), folder, CurveRequest())
    assert not (folder.path / "curve").exists()


def test_a_student_that_is_tuned_whole_has_no_curve_but_the_linear_one(finished_moods: Path) -> None:
    """Each point would be a whole model on the disk."""
    _, folder = at(finished_moods)
    task = open_task(finished_moods, overrides=["student.train={with: full}"], env={}, priced=False)
    with pytest.raises(UsageError, match=r"with: full.*whole model on the disk; `distill curve mood --with linear`"):
        student_kind(task, folder, None)
    assert student_kind(task, folder, "linear") == "linear"
