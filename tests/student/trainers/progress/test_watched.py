"""A training that is looked at: its curve, its best epoch, and when it ends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from distill.base_model.tokenise import TrainError
from distill.student.trainers.progress.loss_curve import TrainStep
from distill.student.trainers.progress.time_left import TimeLeft
from distill.student.trainers.progress.watched import Watch
from distill.teacher.endpoint.stopping import Stopped


def state(step: int) -> Any:
    return SimpleNamespace(global_step=step, epoch=step / 4, num_input_tokens_seen=100 * step)


def watch(folder: Path, **more: Any) -> Watch:
    given = {"on_step": None, "kept": folder, "left": TimeLeft(per_epoch=400, valid=0, epochs=2), "later": lambda: 1.0}
    return Watch(**(given | more))


def test_lines_of_loss_are_the_curve_and_others_are_passed_over(tmp_path: Path) -> None:
    seen: list[TrainStep] = []
    looked = watch(tmp_path, on_step=lambda step, _left: seen.append(step))
    looked.logged(state(1), {"loss": 2.0, "learning_rate": 0.1})
    looked.logged(state(1), {"train_runtime": 3.0})
    looked.logged(state(2), {"eval_loss": 1.5})
    assert [(step.step, step.train_loss, step.valid_loss, step.tokens) for step in seen] == [
        (1, 2.0, None, 100),
        (2, None, 1.5, 200),
    ]
    assert looked.steps == seen
    with pytest.raises(TrainError, match="at step 3"):
        looked.logged(state(3), {"loss": float("nan")})


def test_who_is_stopped_hears_no_more(tmp_path: Path) -> None:
    calls: list[int] = []

    def stop(step: TrainStep, _left: float | None) -> None:
        calls.append(step.step)
        raise Stopped("told to")

    looked = watch(tmp_path, on_step=stop)
    for step in (1, 2):
        looked.logged(state(step), {"loss": 1.0})
    assert calls == [1]
    assert str(looked.stopped) == "told to"


def test_patience_counts_epochs_that_are_not_better(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    looked = watch(tmp_path, patience=2)
    over = []
    for step, loss in enumerate([3.0, 2.0, 2.0, 1.9, 1.95, 2.5], start=1):
        looked.evaluated(step, loss, lambda step=step: {"a": torch.full((1,), float(step))})  # type: ignore[misc]  # the default binds this step
        over.append(looked.patience_is_over)
    assert over == [False, False, False, False, False, True]
    assert (looked.best.loss, looked.best.step, looked.best.weights["a"].item()) == (1.9, 4, 4.0)
    assert not watch(tmp_path).patience_is_over
