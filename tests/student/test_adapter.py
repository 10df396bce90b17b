"""Where an adapter answers: by which file, and under which name at a server that is running; and a training stops when it is told to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from distill.pipeline.open_task import open_task
from distill.student import adapter
from distill.student.trainers.lora import LoraSettings
from distill.student.trainers.loss_curve import TrainStep
from distill.teacher.endpoint.stopping import Stopped
from distill.teacher.progress import Silent


@pytest.mark.parametrize(
    ("sets", "file"),
    [
        ((), "adapter.gguf"),
        (("student.serve=transformers",), adapter.PEFT),
        (("student.serve=http://127.0.0.1:9/v1",), adapter.PEFT),
    ],
)
def test_the_file_is_that_of_what_serves_it(task: Path, sets: tuple[str, ...], file: str) -> None:
    opened = open_task(task, overrides=["student.train={with: lora}", *sets], env={}, priced=False)
    assert adapter.served(opened) == file


def test_only_a_server_knows_an_adapter_by_its_name(task: Path) -> None:
    """Elsewhere the file is what tells one from another."""
    tuned = task.parent / "adapter.gguf"
    tuned.write_bytes(b"weights")
    here = open_task(task, overrides=["student.train={with: lora}"], env={})
    there = open_task(
        task,
        overrides=["student.train={with: lora, base: org/tiny}", "student.serve=http://127.0.0.1:9/v1"],
        env={},
        priced=False,
    )
    local, served = (adapter.address(one.base, tuned, "mood-001") for one in (here, there))
    assert (local.model, served.model) == (here.base.model, "mood-001")
    assert local.adapter_id == served.adapter_id != ""
    tuned.write_bytes(b"others")
    assert adapter.address(here.base, tuned, "mood-001").identity != local.identity


async def test_the_first_signal_ends_a_training_at_its_next_step(tmp_path: Path) -> None:
    """Before, it went on to its end, and a second signal freed the run's folder while it still worked."""
    (tmp_path / "train.jsonl").write_text("{}\n" * 16)
    stop = asyncio.Event()
    run: Any = SimpleNamespace(folder=tmp_path, watch=Silent(), sender=SimpleNamespace(stop=stop))
    show, step = (
        adapter._shown(run, LoraSettings(epochs=2), tmp_path / "train.jsonl"),
        TrainStep(3, 1.5, 0.5, None, 10, 1.0),
    )
    show(step, 12.0)
    stop.set()
    with pytest.raises(Stopped, match="step 3 of 4") as fault:
        show(step, 12.0)
    assert fault.value.exit_code == 130
