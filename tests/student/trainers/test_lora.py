"""Training a real, tiny llama."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from chats import write_rows

from distill.base_model.tokenise import TrainError
from distill.student.trainers.lora import LoraSettings, TrainResult, train
from distill.student.trainers.loss_curve import TrainStep, check_loss
from distill.teacher.endpoint.stopping import Stopped


@pytest.fixture(scope="module")
def tuned(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("lora")
    train_rows, valid_rows = write_rows(folder / "train.jsonl", 32), write_rows(folder / "valid.jsonl", 6)

    def run(out: str, on_step: Any = None, **changed: Any) -> TrainResult:
        settings = LoraSettings(**{"epochs": 2, "learning_rate": 0.01, "rank": 8, "layers": 1} | changed)
        return train(
            base=tiny_base, train=train_rows, valid=valid_rows, out=folder / out, settings=settings, on_step=on_step
        )

    return run


@pytest.fixture(scope="module")
def student(tuned: Any) -> TrainResult:
    seen: list[tuple[TrainStep, float | None]] = []
    result: TrainResult = tuned("student", on_step=lambda *step: seen.append(step))
    assert tuple(step for step, _ in seen) == result.steps
    assert [left for _, left in seen][:2] == [None, None]
    assert seen[-1][1] == 0.0
    assert sorted(step.tokens for step in result.steps) == [step.tokens for step in result.steps]
    assert result.steps[-1].tokens == 2 * result.steps[4].tokens  # of whole epochs, whatever the order of rows
    return result


def test_training_learns_and_keeps_its_best_epoch(student: TrainResult) -> None:
    losses = [step.train_loss for step in student.steps if step.train_loss is not None]
    valid = {step.step: step.valid_loss for step in student.steps if step.valid_loss is not None}
    assert sum(losses[-3:]) < sum(losses[:3])
    assert list(valid) == [4, 8]  # the end of each epoch
    assert student.valid_loss == min(valid.values())
    assert valid[student.best_step] == student.valid_loss


def test_what_is_written_is_the_adapter_and_the_curve_and_nothing_else(student: TrainResult, tiny_base: Path) -> None:
    """No checkpoints, no tokeniser, no path of this machine; only the top layer asked for was touched."""
    from safetensors.numpy import load_file

    folder = student.adapter.parent
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {"loss.json", "adapter/adapter_model.safetensors", "adapter/adapter_config.json"}
    assert str(tiny_base.parent) not in (student.adapter / "adapter_config.json").read_text()
    assert len(json.loads((folder / "loss.json").read_text())) == len(student.steps)
    weights = load_file(student.adapter / "adapter_model.safetensors")
    assert len(weights) == 14  # A and B of seven projections
    assert all(".layers.1." in name for name in weights)


def test_the_same_rows_and_seed_give_the_same_adapter(tuned: Any, student: TrainResult) -> None:
    again = tuned("again")
    first, second = (run.adapter / "adapter_model.safetensors" for run in (student, again))
    assert first.read_bytes() == second.read_bytes()


def test_a_loss_that_blows_up_stops_training_and_leaves_the_old_adapter(tuned: Any, student: TrainResult) -> None:
    kept = student.adapter / "adapter_model.safetensors"
    before = kept.read_bytes()
    with pytest.raises(TrainError, match="learning rate is too high"):
        tuned("student", learning_rate=1e30)
    assert kept.read_bytes() == before
    assert sorted(path.name for path in student.adapter.parent.iterdir()) == ["adapter", "loss.json"]


def test_a_training_that_is_told_to_stop_ends_within_a_step_and_leaves_the_old_adapter(
    tuned: Any, student: TrainResult
) -> None:
    steps: list[int] = []

    def stop(step: TrainStep, _left: float | None) -> None:
        steps.append(step.step)
        raise Stopped("told to")

    before = (student.adapter / "adapter_model.safetensors").read_bytes()
    with pytest.raises(Stopped):
        tuned("student", on_step=stop)
    assert steps == [1]
    assert (student.adapter / "adapter_model.safetensors").read_bytes() == before


@pytest.mark.parametrize("loss", [0.0, math.nan, math.inf])
def test_broken_losses_are_errors(loss: float) -> None:
    with pytest.raises(TrainError, match="at step 3"):
        check_loss(loss, 3)


def test_no_rows_to_check_on_is_an_error(tiny_base: Path, tmp_path: Path) -> None:
    rows, none = write_rows(tmp_path / "train.jsonl", 4), write_rows(tmp_path / "valid.jsonl", 0)
    with pytest.raises(TrainError, match=r"valid\.jsonl holds no rows"):
        train(base=tiny_base, train=rows, valid=none, out=tmp_path / "student", settings=LoraSettings())
