"""Training a real, tiny llama."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from chats import write_rows

from distill.base_model.tokenise import TrainError
from distill.student.trainers.fine_tuning import TrainResult, TuningFiles, TuningSettings, train
from distill.student.trainers.progress.loss_curve import TrainStep, check_loss
from distill.teacher.endpoint.stopping import Stopped


@pytest.fixture(scope="module")
def tuned(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("lora")
    train_rows, valid_rows = write_rows(folder / "train.jsonl", 32), write_rows(folder / "valid.jsonl", 6)

    def run(out: str, on_step: Any = None, on_epoch: Any = None, **changed: Any) -> TrainResult:
        settings = TuningSettings(**{"epochs": 2, "learning_rate": 0.01, "rank": 8, "layers": 1} | changed)
        files = TuningFiles(tiny_base, train_rows, valid_rows, folder / out)
        return train(files, settings, on_step=on_step, on_epoch=on_epoch)

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


def test_the_accuracy_of_tokens_is_in_the_curve(student: TrainResult) -> None:
    trained = [step.train_accuracy for step in student.steps if step.train_loss is not None]
    looked = [step.valid_accuracy for step in student.steps if step.valid_loss is not None]
    assert all(one is not None and 0 <= one <= 1 for one in [*trained, *looked])
    assert looked[-1] > trained[0]  # it learnt


def test_each_epochs_adapter_can_be_kept(tuned: Any, student: TrainResult, tmp_path: Path) -> None:
    """As it was then; the one with the lowest validation loss is what the training gives."""
    kept: dict[int, bytes] = {}

    def keep(step: TrainStep, save: Any) -> None:
        assert step.valid_loss is not None
        kept[step.step] = (save(tmp_path / str(step.step)) / "adapter_model.safetensors").read_bytes()

    result = tuned("each", on_epoch=keep)
    assert list(kept) == [4, 8]
    assert kept[4] != kept[8]
    assert kept[result.best_step] == (student.tuned / "adapter_model.safetensors").read_bytes()


def test_a_training_that_was_killed_before_its_last_look_looks_again(tuned: Any, student: TrainResult) -> None:
    """Its last checkpoint is of the last step: there is nothing left to train, and the best epoch may be that one."""
    seen: list[int] = []

    def die(step: TrainStep, _left_s: float | None) -> None:
        seen.append(step.step)
        if step.step == 8 and step.valid_loss is not None and seen.count(8) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tuned("unseen", on_step=die)
    result = tuned("unseen", on_step=die)
    assert seen[-2:] == [8, 8]
    assert result.valid_loss == pytest.approx(student.valid_loss, rel=1e-4)
    assert result.best_step == student.best_step


def test_what_is_written_is_the_adapter_and_the_curve_and_nothing_else(student: TrainResult, tiny_base: Path) -> None:
    """No checkpoints, no tokeniser, no path of this machine; only the top layer asked for was touched."""
    from safetensors.numpy import load_file

    folder = student.tuned.parent
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {"loss.json", "adapter/adapter_model.safetensors", "adapter/adapter_config.json"}
    assert str(tiny_base.parent) not in (student.tuned / "adapter_config.json").read_text()
    assert len(json.loads((folder / "loss.json").read_text())) == len(student.steps)
    weights = load_file(student.tuned / "adapter_model.safetensors")
    assert len(weights) == 14  # A and B of seven projections
    assert all(".layers.1." in name for name in weights)


def test_the_same_rows_and_seed_give_the_same_adapter(tuned: Any, student: TrainResult) -> None:
    again = tuned("again")
    first, second = (run.tuned / "adapter_model.safetensors" for run in (student, again))
    assert first.read_bytes() == second.read_bytes()


def test_a_loss_that_blows_up_stops_training_and_leaves_the_old_adapter(tuned: Any, student: TrainResult) -> None:
    kept = student.tuned / "adapter_model.safetensors"
    before = kept.read_bytes()
    with pytest.raises(TrainError, match="learning rate is too high"):
        tuned("student", learning_rate=1e30)
    assert kept.read_bytes() == before
    assert sorted(path.name for path in student.tuned.parent.iterdir()) == ["adapter", "loss.json"]


def assert_alike(one: TrainResult, other: TrainResult) -> None:
    """The same training but for the last digits: states of frozen layers are kept within a process, and made anew in the next."""
    losses = [[step.train_loss for step in run.steps if step.train_loss is not None] for run in (one, other)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert one.valid_loss == pytest.approx(other.valid_loss, rel=1e-4)


def test_a_training_that_is_stopped_ends_within_a_step_and_goes_on_from_there(tuned: Any, student: TrainResult) -> None:
    """Stopped twice, it ends in the bytes of the one that was not, and no step is trained twice."""
    seen: list[int] = []

    def stop_at(*last: int) -> Any:
        def stop(step: TrainStep, _left_s: float | None) -> None:
            if step.train_loss is not None:
                seen.append(step.step)
            if step.step in last:
                raise Stopped("told to")

        return stop

    for last in (2, 5):
        with pytest.raises(Stopped):
            tuned("stopped", on_step=stop_at(last))
    result = tuned("stopped", on_step=stop_at())
    assert seen == list(range(1, 9))
    assert [step.step for step in result.steps] == [step.step for step in student.steps]
    assert_alike(student, result)
    assert not (result.tuned.parent / "checkpoints").exists()


def test_a_training_that_is_killed_goes_on_from_its_last_checkpoint(tuned: Any, student: TrainResult) -> None:
    """Whatever it dies of: at most the steps since that checkpoint are trained again."""
    seen: list[int] = []

    def die(step: TrainStep, _left_s: float | None) -> None:
        seen.append(step.step)
        if step.step == 6 and step.train_loss is not None and seen.count(6) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tuned("killed", on_step=die)
    result = tuned("killed", on_step=die)
    assert seen.count(6) == 2
    assert seen.count(5) == 1
    assert_alike(student, result)


def test_other_rows_or_settings_begin_anew(tuned: Any) -> None:
    seen: list[int] = []

    def stop(step: TrainStep, _left_s: float | None) -> None:
        seen.append(step.step)
        if step.step == 3:
            raise Stopped("told to")

    for rank in (8, 4):
        with pytest.raises(Stopped):
            tuned("other", on_step=stop, rank=rank)
    assert seen == [1, 2, 3, 1, 2, 3]


def test_a_training_that_learns_no_more_ends_early(tuned: Any) -> None:
    """Steps so small that no epoch is better than the first."""
    result = tuned("early", epochs=8, learning_rate=1e-12, patience=2)
    valid = [step.valid_loss for step in result.steps if step.valid_loss is not None]
    assert len(valid) == 3
    assert result.valid_loss == min(valid)


@pytest.mark.parametrize(
    "changed", [{"dropout": 0.1}, {"recompute": True}, {"accumulate": 2}, {"schedule": "linear", "warmup": 0.2}]
)
def test_settings_of_a_training_are_taken(tuned: Any, changed: dict[str, Any]) -> None:
    result = tuned("settings", epochs=1, **changed)
    assert result.valid_loss < 7
    assert result.steps[-1].step == (2 if "accumulate" in changed else 4)


def test_nobody_is_told_of_a_training_and_no_checkpoint_has_a_card(
    tuned: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRL would tell its makers, but where CI is set."""
    told: list[Any] = []
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("trl.trainer.base_trainer.send_telemetry", lambda **what: told.append(what))

    def stop(_step: TrainStep, _left_s: float | None) -> None:
        raise Stopped("told to")

    with pytest.raises(Stopped):
        tuned(str(tmp_path), on_step=stop)
    assert told == []
    assert list(tmp_path.glob("checkpoints/checkpoint-1/adapter_model.safetensors"))
    assert not list(tmp_path.rglob("README.md"))


@pytest.mark.parametrize("loss", [0.0, math.nan, math.inf])
def test_broken_losses_are_errors(loss: float) -> None:
    with pytest.raises(TrainError, match="at step 3"):
        check_loss(loss, 3)


def test_no_rows_to_check_on_is_an_error(tiny_base: Path, tmp_path: Path) -> None:
    rows, none = write_rows(tmp_path / "train.jsonl", 4), write_rows(tmp_path / "valid.jsonl", 0)
    with pytest.raises(TrainError, match=r"valid\.jsonl holds no rows"):
        train(TuningFiles(tiny_base, rows, none, tmp_path / "student"), TuningSettings())


def test_an_adapter_begins_with_the_weights_of_an_earlier_one(tuned: Any, student: TrainResult) -> None:
    """Its first loss is where the other ended, and not where that began; hardly trained, it is what the other was."""
    begun = tuned("begun", begin=str(student.tuned / "adapter_model.safetensors"), learning_rate=1e-9, epochs=1)
    first, before = (run.steps[0].train_loss for run in (begun, student))
    assert first is not None
    assert before is not None
    assert first < before - 0.1
    assert begun.valid_loss == pytest.approx(student.valid_loss, abs=1e-4)


def test_an_adapter_of_another_rank_is_no_beginning(tuned: Any, student: TrainResult) -> None:
    with pytest.raises(TrainError, match="adapter of another base, rank or choice of layers"):
        tuned("other", rank=4, begin=str(student.tuned / "adapter_model.safetensors"))
