"""Training as a part of a run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from distill.pipeline.open_task import open_task
from distill.student.adapter import _shown
from distill.student.stage import engine
from distill.student.trainers.fine_tuning import TuningSettings
from distill.student.trainers.progress.loss_curve import TrainStep
from distill.teacher.endpoint.stopping import Stopped
from distill.teacher.progress import Silent


async def test_the_first_signal_ends_a_training_at_its_next_step(tmp_path: Path) -> None:
    """Before, it went on to its end, and a second signal freed the run's folder while it still worked."""
    (tmp_path / "train.jsonl").write_text("{}\n" * 16)
    stop = asyncio.Event()
    run: Any = SimpleNamespace(folder=tmp_path, watch=Silent(), sender=SimpleNamespace(stop=stop))
    show, step = _shown(run, TuningSettings(epochs=2), tmp_path / "train.jsonl"), TrainStep(3, 1.5, 0.5, None, 10, 1.0)
    show(step, 12.0)
    stop.set()
    with pytest.raises(Stopped, match="step 3 of 4") as fault:
        show(step, 12.0)
    assert fault.value.exit_code == 130


@pytest.mark.parametrize(("way", "answers"), [("lora", "llama.cpp"), ("full", "transformers")])
def test_base_and_student_answer_by_the_engine_that_has_both(task: Path, way: str, answers: str) -> None:
    """A whole model that was tuned is no file of llama.cpp, so its base does not answer by llama.cpp either."""
    opened = open_task(task, overrides=[f"student.train={{with: {way}}}"], env={}, priced=False)
    assert engine(opened) == answers
