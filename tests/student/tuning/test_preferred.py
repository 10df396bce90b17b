"""A run trains on its rows, then on its pairs; a kill between the two loses nothing of the first."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distill.errors import GateNotMet, SpecError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.student.tuning import dpo
from distill.teacher.progress import Silent

TRAIN = "student.train={{with: lora, base: ./base, epochs: 1, layers: 1, preference: {{learning_rate: {rate}}}}}"
DRAWS = "teacher.sampling={draws: 3, temperature: 1}"
STAGES = ("generate", "curate", "export", "train")


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def run(task: Path, *sets: str, rate: float = 0.01, watch: Any = None) -> Run:
    opened = open_task(task, overrides=(TRAIN.format(rate=rate), *sets), env={})
    return running.start(opened, stages=STAGES, watch=watch or Silent())


@pytest.fixture
def paired(task: Path, tiny_family: Callable[[str], Path]) -> Path:
    """A task whose gate tells some of its draws apart."""
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    task.write_text(task.read_text() + "gates: [schema, {length: {min_chars: 17}}]\n")
    return task


@pytest.mark.slow
def test_a_run_goes_on_from_the_adapter_of_the_rows_and_keeps_what_helped(
    paired: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    student, first = paired.parent / "runs" / "mood" / "001" / "student", Heard()

    def killed(**_given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(dpo, "train", killed)
        with pytest.raises(KeyboardInterrupt):
            run(paired, DRAWS, watch=first)
    rows = (student / "supervised" / "adapter" / "adapter_model.safetensors").read_bytes()
    assert not (student / "adapter").exists()

    watch = Heard()
    result = run(paired, DRAWS, watch=watch)
    assert any("adapter of the rows is there already" in line for line in watch.lines)
    assert not (student / "supervised").exists()
    noted = json.loads((result.folder / "manifest.json").read_text())["stages"]["train"]["preference"]
    assert noted["kept"] == (noted["margin"] > 0)
    tuned = (student / "adapter" / "adapter_model.safetensors").read_bytes()
    assert (tuned != rows) == noted["kept"]
    curve = json.loads((student / "loss.json").read_text())
    assert {"train_loss", "tokens"} <= curve[0].keys()
    assert "valid_margin" in curve[-1]
    assert any("preference_loss" in line for line in curve)
    assert any("held out" in line and "mean margin" in line for line in watch.lines)
    assert run(paired, DRAWS).done == []


def test_a_run_without_pairs_ends_before_it_trains(task: Path, tiny_family: Callable[[str], Path]) -> None:
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    with pytest.raises(GateNotMet, match="0 of 20 seeds make a preference pair") as ended:
        run(task)
    assert ended.value.exit_code == 4
    assert not (task.parent / "runs" / "mood" / "001" / "student" / "supervised").exists()


@pytest.mark.parametrize("way", ["full", "linear", "none"])
def test_only_an_adapter_is_trained_on(task: Path, way: str) -> None:
    with pytest.raises(SpecError, match="preference trains an adapter on"):
        open_task(task, overrides=[f"student.train={{with: {way}, preference: {{}}}}"], env={})
