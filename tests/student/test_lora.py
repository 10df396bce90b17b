"""Training a real, tiny llama."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from chats import write_rows

from distill.student.lora import TrainError, TrainResult, TrainStep, check_loss, train


@pytest.fixture
def tuned(tiny_base: Path, tmp_path: Path) -> Any:
    files = {name: write_rows(tmp_path / f"{name}.jsonl", count) for name, count in (("train", 24), ("valid", 6))}

    def run(out: str, **settings: Any) -> TrainResult:
        given = {"epochs": 2, "learning_rate": 0.02, "rank": 4, "layers": 1} | settings
        return train(base=tiny_base, **files, out=tmp_path / out, **given)

    return run


def test_training_learns_and_keeps_its_best_epoch(tuned: Any) -> None:
    seen: list[TrainStep] = []
    result = tuned("student", on_step=seen.append)
    losses = [step.train_loss for step in seen if step.train_loss is not None]
    valid = {step.step: step.valid_loss for step in seen if step.valid_loss is not None}
    assert losses[-1] < losses[0]
    assert len(valid) == 2
    assert result.valid_loss == min(valid.values())
    assert valid[result.best_step] == result.valid_loss
    assert tuple(seen) == result.steps


def test_what_is_written_is_the_adapter_and_the_curve_and_nothing_else(tuned: Any, tiny_base: Path) -> None:
    """No checkpoints, no tokeniser, no path of this machine; only the top layer asked for was touched."""
    from safetensors.numpy import load_file

    result = tuned("student")
    student = result.adapter.parent
    names = {str(path.relative_to(student)) for path in student.rglob("*") if path.is_file()}
    assert names == {"loss.json", "adapter/adapter_model.safetensors", "adapter/adapter_config.json"}
    assert str(tiny_base.parent) not in (result.adapter / "adapter_config.json").read_text()
    assert len(json.loads((student / "loss.json").read_text())) == len(result.steps)
    weights = load_file(result.adapter / "adapter_model.safetensors")
    assert len(weights) == 14  # A and B of seven projections
    assert all(".layers.1." in name for name in weights)


def test_the_same_rows_and_seed_give_the_same_adapter(tuned: Any) -> None:
    first, again, other = tuned("a"), tuned("b"), tuned("c", seed=1)
    weights = [(run.adapter / "adapter_model.safetensors").read_bytes() for run in (first, again, other)]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_a_loss_that_blows_up_stops_training_and_leaves_the_old_adapter(tuned: Any, tmp_path: Path) -> None:
    kept = tuned("student").adapter / "adapter_model.safetensors"
    before = kept.read_bytes()
    with pytest.raises(TrainError, match="learning rate is too high"):
        tuned("student", learning_rate=1e30, epochs=4)
    assert kept.read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "student").iterdir()) == ["adapter", "loss.json"]


@pytest.mark.parametrize("loss", [0.0, math.nan, math.inf])
def test_broken_losses_are_errors(loss: float) -> None:
    with pytest.raises(TrainError, match="at step 3"):
        check_loss(loss, 3)


def test_no_rows_to_check_on_is_an_error(tiny_base: Path, tmp_path: Path) -> None:
    rows, none = write_rows(tmp_path / "train.jsonl", 4), write_rows(tmp_path / "valid.jsonl", 0)
    with pytest.raises(TrainError, match=r"valid\.jsonl holds no rows"):
        train(base=tiny_base, train=rows, valid=none, out=tmp_path / "student")
