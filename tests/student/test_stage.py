"""Training as a part of a run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from distill.student.adapter import _shown
from distill.student.trainers.lora import LoraSettings
from distill.student.trainers.loss_curve import TrainStep
from distill.teacher.endpoint.stopping import Stopped
from distill.teacher.progress import Silent


async def test_the_first_signal_ends_a_training_at_its_next_step(tmp_path: Path) -> None:
    """Before, it went on to its end, and a second signal freed the run's folder while it still worked."""
    (tmp_path / "train.jsonl").write_text("{}\n" * 16)
    stop = asyncio.Event()
    run: Any = SimpleNamespace(folder=tmp_path, watch=Silent(), sender=SimpleNamespace(stop=stop))
    show, step = _shown(run, LoraSettings(epochs=2), tmp_path / "train.jsonl"), TrainStep(3, 1.5, 0.5, None, 10, 1.0)
    show(step, 12.0)
    stop.set()
    with pytest.raises(Stopped, match="step 3 of 4") as fault:
        show(step, 12.0)
    assert fault.value.exit_code == 130


def test_only_a_server_knows_an_adapter_by_its_name(task: Path) -> None:
    """Elsewhere the file is what tells one from another."""
    tuned = task.parent / "adapter.gguf"
    tuned.write_bytes(b"weights")
    there = ["student.train={with: lora, base: org/tiny}", "student.serve=http://127.0.0.1:9/v1"]
    bases = [
        open_task(task, overrides=sets, env={}, priced=False).base for sets in (["student.train={with: lora}"], there)
    ]
    local, served = (with_adapter(base, tuned, "mood-001") for base in bases)
    assert (local.model, served.model) == (bases[0].model, "mood-001")
    assert local.adapter_id == served.adapter_id != ""
    tuned.write_bytes(b"others")
    assert with_adapter(bases[0], tuned, "mood-001").identity != local.identity
