"""Further trainings of a student: each by a seed of its own, once, and all of them in its score."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import SpecError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent

LORA = (
    "student.train={with: lora, base: ./base, epochs: 1, batch_size: 2, layers: 1, rank: 2, seeds: 2}",
    "teacher.sampling={max_tokens: 4}",
    "gates=[finish_reason]",
    "dataset.accept=20",
    "seeds.test={rows: 6, gold: true}",
    "evaluate.arms=[teacher, student]",
)


@pytest.mark.slow
def test_each_is_trained_once_by_its_own_seed(moods: Path, tiny_family: Callable[[str], Path]) -> None:
    shutil.copytree(tiny_family("llama"), moods.parent / "base")
    folder = running.start(open_task(moods, overrides=LORA, env={}), stages=ORDER, watch=Silent()).folder
    own, other = (folder / name / "adapter" / "adapter_model.safetensors" for name in ("student", "student_seeds/2"))
    assert own.read_bytes() != other.read_bytes()
    found = json.loads((folder / "comparison.json").read_bytes())
    assert len(found["seeds"]["means"]) == 2
    assert "student training 2" not in found["arms"]
    made = other.stat().st_mtime_ns
    again = open_task(moods, overrides=[*LORA, "evaluate.margin=0.2"], env={})
    running.start(again, stages=("evaluate",), watch=Silent())
    assert other.stat().st_mtime_ns == made


@pytest.mark.parametrize("way", ["with: linear", "with: hosted, base: m", "with: none", "with: lora, preference: {}"])
def test_what_is_not_trained_several_times_here_is_refused(moods: Path, way: str) -> None:
    with pytest.raises(SpecError, match="seeds: 3 trains a language model several times on this machine"):
        open_task(moods, overrides=[f"student.train={{{way}, seeds: 3}}"], env={})
