"""`distill refresh --from both`: two runs of one refresh, and which student is kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from in_process import Distill

TRAIN = "student: {train: {with: lora, base: ./base, epochs: 1, layers: 1, learning_rate: 0.01}}"


@pytest.mark.slow
def test_both_ways_are_done_and_compared(task: Path, distill: Distill, tiny_family: Callable[[str], Path]) -> None:
    """The second run has the rows of the first, asks the teacher nothing, and names the student to keep."""
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    text = (
        task.read_text()
        .replace("student: {train: {with: none}}", TRAIN)
        .replace("arms: [teacher]", "arms: [teacher, student]")
    )
    task.write_text(text.replace("exam: {rows: 0}", "exam: {rows: 0}, sampling: {max_tokens: 12}"))
    assert distill("run", task).code == 0
    prompt = task.parent / "teacher.md"
    prompt.write_text(f"Be exact. {prompt.read_text()}")
    plan = distill("refresh", task, "--from", "both")
    assert "--from both --apply" in next(line for line in plan.out.splitlines() if line.startswith("go on: "))
    said = distill("refresh", task, "--from", "both", "--apply", "--json")
    assert said.code == 0, said
    found = json.loads(said.out)
    assert (found["last"]["run"], found["fresh"]["run"]) == ("mood/002", "mood/003")
    assert found["kept"]["run"] in ("mood/002", "mood/003")
    assert "afresh minus from last" in found["kept"]["why"]
    rows = [(task.parent / "runs/mood" / name / "train.jsonl").read_bytes() for name in ("002", "003")]
    assert rows[0] == rows[1]
    asked = [pl.read_parquet(task.parent / "runs/mood" / name / "asked.parquet") for name in ("002", "003")]
    assert asked[0].equals(asked[1]), "each answer is the one that is in the store"


def test_no_adapter_has_two_starts(task: Path, distill: Distill) -> None:
    assert distill("run", task).code == 0
    said = distill("refresh", task, "--from", "both")
    assert said.code == 2
    assert "from: last goes on from an adapter" in said.err
