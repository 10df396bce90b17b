"""The student of people's answers alone: of which rows it is made, that it is trained once, and why it may be missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.progress import Silent

LORA = (
    "student.train={with: lora, base: ./base, epochs: 1, batch_size: 2, layers: 1, rank: 2}",
    "teacher.sampling={max_tokens: 4}",
    "gates=[finish_reason]",
    "dataset.accept=40",
    "seeds.test={rows: 10, gold: true}",
)
LINEAR = ("student.train.with=linear", "dataset.accept=null", "seeds.test={rows: 10, gold: true}")
ARMS = "evaluate.arms=[teacher, gold_student, student]"


def known(task: Path, count: int) -> Path:
    """The first `count` rows alone have a known answer."""
    file = task.parent / "seeds.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    kept = [row if n < count else {**row, "expected": None} for n, row in enumerate(rows[:100])]
    file.write_text("".join(json.dumps(row) + "\n" for row in kept))
    return task


def run(task: Path, *sets: str) -> tuple[Run, dict[str, Any]]:
    result = running.start(open_task(task, overrides=[*sets, ARMS], env={}), stages=ORDER, watch=Silent())
    return result, json.loads((result.folder / "comparison.json").read_bytes())


def left_out(found: dict[str, Any]) -> str:
    return next((line for line in found["warnings"] if "gold_student" in line), "")


def test_a_linear_one_learns_from_fewer_rows_and_stands_beside_the_student(moods: Path) -> None:
    _, found = run(known(moods, 60), *LINEAR)
    assert {"teacher", "gold_student", "student"} == set(found["arms"])
    assert left_out(found) == ""
    gap = next(gap for gap in found["differences"] if (gap["metric"], gap["b"]) == ("json_fields", "gold_student"))
    assert gap["n"] == 10


@pytest.mark.parametrize(
    ("count", "sets", "said"),
    [
        (100, LINEAR, "all rows that train are known answers, so it would be the student itself"),
        (22, LINEAR, "9 known answers train, and 20 are the least"),
        (60, (*LINEAR, "seeds.gold_rows=compare"), "no known answer trains (seeds.gold, with seeds.gold_rows: train)"),
        (60, (*LINEAR, "student.train.with=none"), "`with: none` trains nothing"),
    ],
)
def test_why_it_is_missing_is_said(moods: Path, count: int, sets: tuple[str, ...], said: str) -> None:
    given = [ARMS.replace(", student]", "]")] if "student.train.with=none" in sets else [ARMS]
    task = open_task(known(moods, count), overrides=[*sets, *given], env={})
    result = running.start(task, stages=ORDER, watch=Silent())
    found = json.loads((result.folder / "comparison.json").read_bytes())
    assert left_out(found).endswith(said)
    assert "gold_student" not in found["arms"]


@pytest.mark.slow
def test_a_language_model_is_trained_on_the_lines_of_people_alone_and_once(
    moods: Path, tiny_family: Callable[[str], Path]
) -> None:
    shutil.copytree(tiny_family("llama"), moods.parent / "base")
    result, found = run(known(moods, 40), *LORA)
    made = result.folder / "gold_student"
    lines, every = ((folder / "train.jsonl").read_bytes().splitlines() for folder in (made, result.folder))
    assert 0 < len(lines) < len(every)
    assert set(lines) < set(every)
    assert found["arms"]["gold_student"]["calls"] == 10
    trained = (made / "trained.json").stat().st_mtime_ns
    again, _ = run(moods, *LORA, "evaluate.margin=0.1")
    assert "train" in again.skipped
    assert "evaluate" not in again.skipped
    assert (made / "trained.json").stat().st_mtime_ns == trained
