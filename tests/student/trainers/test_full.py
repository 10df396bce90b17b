"""All weights of a real, tiny model are tuned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chats import write_rows

from distill.base_model import load
from distill.base_model.tokenise import TrainError
from distill.errors import UsageError
from distill.student.trainers import full
from distill.student.trainers.fine_tuning import TrainResult, TuningFiles, TuningSettings, train
from distill.student.trainers.progress.loss_curve import TrainStep
from distill.teacher.endpoint.stopping import Stopped


@pytest.fixture(scope="module")
def tuned(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("full")
    train_rows, valid_rows = write_rows(folder / "train.jsonl", 32), write_rows(folder / "valid.jsonl", 6)

    def run(out: str, on_step: Any = None, **changed: Any) -> TrainResult:
        settings = TuningSettings(**{"epochs": 2, "learning_rate": 0.01, "layers": None, "full": True} | changed)
        return train(TuningFiles(tiny_base, train_rows, valid_rows, folder / out), settings, on_step=on_step)

    return run


@pytest.fixture(scope="module")
def student(tuned: Any) -> TrainResult:
    result: TrainResult = tuned("student")
    return result


def test_every_matrix_learns_and_the_best_epoch_is_a_model_of_its_own(student: TrainResult, tiny_base: Path) -> None:
    import torch

    losses = [step.train_loss for step in student.steps if step.train_loss is not None]
    assert sum(losses[-3:]) < sum(losses[:3])
    names = {str(path.relative_to(student.tuned.parent)) for path in student.tuned.parent.rglob("*") if path.is_file()}
    assert {"loss.json", "model/model.safetensors", "model/config.json", "model/tokenizer.json"} <= names
    assert not any("checkpoint" in name or "best" in name for name in names)
    before, after = (load.model(folder, dtype=torch.float32).state_dict() for folder in (tiny_base, student.tuned))
    assert before.keys() == after.keys()
    assert [name for name in before if before[name].dim() > 1 and torch.equal(before[name], after[name])] == []
    assert len(json.loads((student.tuned.parent / "loss.json").read_text())) == len(student.steps)


def test_a_training_that_is_killed_after_its_first_epoch_goes_on_and_keeps_the_best(
    tuned: Any, student: TrainResult
) -> None:
    def stop(step: TrainStep, _left_s: float | None) -> None:
        if step.step == 6:
            raise Stopped("told to")

    with pytest.raises(Stopped):
        tuned("killed", on_step=stop)
    result = tuned("killed")
    assert [step.step for step in result.steps] == [step.step for step in student.steps]
    assert result.valid_loss == pytest.approx(student.valid_loss, rel=1e-4)
    assert result.best_step == student.best_step


def test_a_base_too_large_for_it_is_refused_before_it_is_read_with_the_way_out(
    tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = load.params_of(tiny_base)
    monkeypatch.setattr(load, "free_bytes", lambda: params * 15)  # its weights alone would fit three times
    with pytest.raises(UsageError, match=r"takes about .* GiB .* free; tune an adapter .*with: lora.*smaller base"):
        full.loaded(tiny_base)


def test_weights_that_are_not_finite_are_refused_and_an_earlier_model_stays(
    tiny_family: Callable[[str], Path], tmp_path: Path
) -> None:
    import torch

    base = tiny_family("llama")
    model = load.model(base, dtype=torch.float32)
    keep = full.keeper(model, load.tokeniser(base), base)
    keep(tmp_path / "best")
    assert full.moved(tmp_path / "best", tmp_path / "model") == tmp_path / "model"
    before = (tmp_path / "model" / full.WEIGHTS).read_bytes()
    assert full.moved(tmp_path / "best", tmp_path / "model") == tmp_path / "model"  # moved already
    torch.nn.init.constant_(next(model.parameters()), float("nan"))
    keep(tmp_path / "best")
    with pytest.raises(TrainError, match="not finite"):
        full.moved(tmp_path / "best", tmp_path / "model")
    assert (tmp_path / "model" / full.WEIGHTS).read_bytes() == before
