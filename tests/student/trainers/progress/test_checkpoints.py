"""What an unfinished training leaves, and what of it the next may use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.student.trainers.progress import checkpoints
from distill.student.trainers.progress.checkpoints import BestEpoch
from distill.student.trainers.progress.loss_curve import TrainStep


def checkpoint(folder: Path, step: int, *, whole: bool = True) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir()
    (path / "optimizer.pt").write_bytes(b"x")
    (path / "trainer_state.json").write_text(json.dumps({"global_step": step}) if whole else '{"global_')
    return path


def test_the_last_whole_checkpoint_of_the_same_training_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    assert checkpoints.opened(folder, "a") is None
    first, _torn = checkpoint(folder, 9), checkpoint(folder, 12, whole=False)
    second = checkpoint(folder, 10)
    assert checkpoints.opened(folder, "a") == second, "10 after 9, and the torn one is passed over"
    (second / "optimizer.pt").unlink()
    assert checkpoints.opened(folder, "a") == first
    assert checkpoints.opened(folder, "b") is None
    assert [path.name for path in folder.iterdir()] == ["key"], "another training's are gone"


def test_the_curve_and_the_best_epoch_are_kept_up_to_a_step(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    steps = [TrainStep(n, n / 4, 1.0, None, 10 * n, float(n)) for n in range(1, 6)]
    checkpoints.keep_curve(tmp_path, steps)
    checkpoints.keep_best(tmp_path, BestEpoch(0.5, 4, {"a": torch.ones(2)}))
    assert checkpoints.curve(tmp_path, 3) == steps[:3]
    found = checkpoints.best(tmp_path, 4)
    assert (found.loss, found.step, found.weights["a"].tolist()) == (0.5, 4, [1.0, 1.0])
    assert checkpoints.best(tmp_path, 3) == BestEpoch()
    assert checkpoints.curve(tmp_path / "none", 3) == []
