"""A project with finished runs of a linear student, made once and copied for each test."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from made_once import copy_of

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent

SPEC = """\
task: mood
seeds: {from: seeds.jsonl, gold: expected, gold_rows: train, test: {share: 0.25, gold: true}}
strata: {by: [kind]}
teacher: {model: scripted, output: answer.schema.json, terms: made up, exam: {rows: 0}}
student: {train: {with: linear}}
evaluate: {arms: [teacher, student], margin: 0.1}
"""
SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["glad", "cross"]}}, "required": ["mood"]}
WORDS = {"glad": "thank you, lovely", "cross": "never again, awful"}


def rows(count: int = 120) -> list[dict[str, object]]:
    """Rows with the answer that people approved; words tell the mood."""
    moods = ["glad" if n % 2 else "cross" for n in range(count)]
    return [
        {
            "message": f"{WORDS[mood]} {n * 7919} {n * 104729 % 9973}",
            "kind": "ab"[n % 3 % 2],
            "expected": {"mood": mood},
        }
        for n, mood in enumerate(moods)
    ]


def write_rows(home: Path, given: list[dict[str, object]]) -> None:
    (home / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given))


def run(home: Path, *sets: str) -> None:
    running.start(open_task(home / "task.yaml", overrides=sets, env={}), stages=ORDER, watch=Silent())


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs: the second with fewer rows, some of them with another answer, and another prompt of the student's."""
    return copy_of("promotable", tmp_path_factory, _write_two_runs)


def _write_two_runs(home: Path) -> None:
    (home / ".distill").mkdir()
    (home / "answer.schema.json").write_text(json.dumps(SCHEMA))
    (home / "teacher.md").write_text("Say the mood as JSON.\n[user]\n{{message}}\n")
    (home / "student.md").write_text("Mood?\n[user]\n{{message}}\n")
    (home / "task.yaml").write_text(SPEC)
    write_rows(home, rows())
    run(home)
    second = rows()[6:]
    for row in second[:8]:
        row["expected"] = {"mood": "glad"}
    write_rows(home, second)
    run(home, "dedup.near=0.9")


@pytest.fixture
def home(two_runs: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    copy = tmp_path / "home"
    shutil.copytree(two_runs, copy)
    return copy
