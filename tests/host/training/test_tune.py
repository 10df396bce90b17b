"""Trainings of jobs on a tiny llama, in this process: their folders, before and after."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chats import chat, write_rows

from distill.host.training import order, progress, tune, work
from distill.host.training.order import Order
from distill.host.training.progress import ProgressWriter
from distill.host.training.rows import FileFault
from distill.teacher.endpoint.stopping import Stopped

Make = Callable[..., Path]
PAIR = {
    "input": {"messages": [{"role": "user", "content": "is it?"}]},
    "preferred_output": [{"role": "assistant", "content": "yes"}],
    "non_preferred_output": [{"role": "assistant", "content": "no"}],
}


@pytest.fixture
def made(tiny_base: Path, tmp_path: Path) -> Make:
    """A job's folder with its rows checked."""

    def make(name: str = "job", *, valid: bool = False, pairs: bool = False, rows: int = 16, **changed: Any) -> Path:
        folder, files = tmp_path / name, {"train": tmp_path / "train.given"}
        if pairs:
            files["train"].write_text("".join(json.dumps(PAIR) + "\n" for _ in range(rows)))
        else:
            write_rows(files["train"], rows)
        if valid:
            files["valid"] = write_rows(tmp_path / "valid.given", 4)
        method = "dpo" if pairs else "supervised"
        asked = {"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": 5.0, **({"beta": 0.5} if pairs else {})}
        ordered = Order(str(tiny_base), str(tmp_path / "bases"), method, asked, 7, validates=valid, **changed)
        order.make(folder, ordered, files)
        work.check(folder, ProgressWriter(folder))
        return folder

    return make


def run(folder: Path, stops: Callable[[], bool] = lambda: False) -> list[dict[str, Any]]:
    """Train; all lines that the folder's processes have said."""
    tune.run(tune.Tuning(folder, order.read(folder), order.checked(folder), ProgressWriter(folder), stops))
    return progress.read(folder, 0)[0]


def test_an_adapter_for_each_epoch_and_the_losses_of_each_step(made: Make) -> None:
    folder = made(valid=True)
    lines = run(folder)
    steps = [line["step"] for line in lines if "step" in line]
    assert [step["step"] for step in steps] == [1, 2, 3, 4]
    assert all(step["train_loss"] > 0 and 0 <= step["train_mean_token_accuracy"] <= 1 for step in steps)
    epochs = [line["epoch"] for line in lines if "epoch" in line]
    assert [one["step"] for one in epochs] == [2, 4]
    assert all(
        one["valid_loss"] == one["full_valid_loss"] and "full_valid_mean_token_accuracy" in one for one in epochs
    )
    assert lines[-1]["done"]["step"] == 4
    assert lines[-1]["done"]["tokens"] > 0
    for step in (2, 4):
        names = {path.name for path in order.kept(folder, step).iterdir()}
        assert names == {"adapter_model.safetensors", "adapter_config.json", "measured.json"}
    weights = [(order.kept(folder, step) / "adapter_model.safetensors").read_bytes() for step in (2, 4)]
    assert weights[0] != weights[1]


def test_without_a_validation_file_nothing_is_said_of_validation(made: Make) -> None:
    lines = run(made())
    assert [line["epoch"] for line in lines if "epoch" in line] == [
        {"step": 2, "total_steps": 4},
        {"step": 4, "total_steps": 4},
    ]


def test_a_training_that_was_stopped_goes_on_and_trains_no_step_twice(made: Make) -> None:
    folder, asked = made(), iter([False, False, True])
    with pytest.raises(Stopped):
        run(folder, lambda: next(asked))
    lines = run(folder)
    assert [line["step"]["step"] for line in lines if "step" in line] == [1, 2, 3, 4]
    assert sum("done" in line for line in lines) == 1


class Dies(tune.Tuning):
    """A process that is killed as its first epoch ends."""

    def epoch(self, step: int, *_: Any) -> None:
        assert step == 2
        raise KeyboardInterrupt


@pytest.mark.parametrize("pairs", [False, True])
def test_an_epoch_is_kept_though_its_process_died_before_it_could(made: Make, pairs: bool) -> None:
    """Its checkpoint is there, and the next process goes on behind it."""
    folder = made(pairs=pairs)
    with pytest.raises(KeyboardInterrupt):
        tune.run(Dies(folder, order.read(folder), order.checked(folder), ProgressWriter(folder), lambda: False))
    lines = run(folder)
    assert [line["step"]["step"] for line in lines if "step" in line] == [1, 2, 3, 4]
    assert [line["epoch"]["step"] for line in lines if "epoch" in line] == [2, 4]
    kept = [order.kept(folder, step) for step in (2, 4)]
    assert [{path.name for path in one.iterdir()} for one in kept] == [
        {"adapter_model.safetensors", "adapter_config.json", "measured.json"}
    ] * 2
    assert str(folder) not in (kept[0] / "adapter_config.json").read_text()


def test_a_training_that_was_done_is_not_trained_again(made: Make) -> None:
    """As where its process died before it could say so."""
    folder = made()
    before = len(run(folder))
    lines = run(folder)
    assert lines[before:] == [lines[before - 1]]
    assert "done" in lines[-1]


def test_a_tune_can_be_tuned_on(made: Make) -> None:
    first = made("first")
    run(first)
    again = run(made("again", parent=str(order.kept(first, 4))))
    fresh = run(made("fresh"))
    losses = [next(line["step"]["train_loss"] for line in lines if "step" in line) for lines in (again, fresh)]
    assert losses[0] < losses[1]


def test_pairs_train_from_an_adapter_that_changes_nothing(made: Make) -> None:
    folder = made(pairs=True)
    lines = run(folder)
    losses = [line["step"]["train_loss"] for line in lines if "step" in line]
    assert losses[0] == pytest.approx(0.6931, abs=1e-3)  # no answer is likelier than under the reference yet
    assert len(losses) == 4
    left = [line["left_s"] for line in lines if "step" in line]
    assert left[0] is None
    assert all(seconds > 0 for seconds in left[1:-1])
    assert left[-1] == 0
    assert [line["epoch"]["step"] for line in lines if "epoch" in line] == [2, 4]
    assert lines[-1]["done"]["tokens"] > 0
    assert (order.kept(folder, 4) / "adapter_model.safetensors").is_file()


def test_pairs_that_were_stopped_go_on(made: Make) -> None:
    folder, asked = made(pairs=True), iter([False, False, True])
    with pytest.raises(Stopped):
        run(folder, lambda: next(asked))
    lines = run(folder)
    assert [line["step"]["step"] for line in lines if "step" in line] == [1, 2, 3, 4]


def test_a_check_settles_auto_and_counts_steps(made: Make) -> None:
    folder = made(rows=12)
    found = order.checked(folder)
    assert (found.rows, found.valid_rows, found.context, found.steps) == (12, 0, 512, 4)
    assert progress.read(folder, 0)[0][-1]["checked"]["hyperparameters"] == found.hyperparameters


def test_a_row_above_the_bases_context_is_named(made: Make, tmp_path: Path) -> None:
    folder = made()
    long = [chat("word " * 200, "yes")] * 12
    order.given(folder, "train").unlink()
    order.given(folder, "train").write_text("".join(json.dumps(row) + "\n" for row in long))
    with pytest.raises(FileFault, match=r"line 1 \([\d,]+ tokens, at most 512 train\)"):
        work.check(folder, ProgressWriter(folder))


def test_uploads_may_go_once_the_job_is_made(made: Make, tmp_path: Path) -> None:
    folder = made()
    (tmp_path / "train.given").unlink()
    assert order.given(folder, "train").is_file()
    order.tidy(folder)
    assert {path.name for path in folder.iterdir()} == {"order.json", "checked.json", "progress.jsonl"}
