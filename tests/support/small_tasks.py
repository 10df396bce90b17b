"""Small tasks for whole runs, made of the one in tests/conftest.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

WORDS = ["lamp", "river", "copper", "Tuesday", "onion", "violin", "gravel", "passport", "thunder", "biscuit", "ladder"]
RUBRIC = "Does the answer fit the message?"


@pytest.fixture
def large(task: Path) -> Path:
    """The task with 320 seeds, a quarter of which are set aside for the test."""
    rows = [
        {
            "message": f"{WORDS[i % 11]} {WORDS[(i * 5 + i // 11) % 11]} {i * 7919} {i * 104729 % 9973}",
            "kind": "abcd"[i % 4],
            "expected": {"mood": "glad"},
        }
        for i in range(320)
    ]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


@pytest.fixture
def judged(task: Path) -> Path:
    """The task with a rubric of two dimensions; the models come with each test."""
    (task.parent / "judge.md").write_text(RUBRIC)
    spec = yaml.safe_load(task.read_text())
    spec["judge"] = {"dimensions": {"correct": "The mood is right.", "polite": "It is kind."}}
    spec["gates"] = ["schema", {"length": {"min_chars": 17}}, {"judge": {"at_least": 3}}]
    spec["evaluate"] = {"arms": []}
    task.write_text(yaml.safe_dump(spec))
    return task


@pytest.fixture
def near_duplicates_task(task: Path) -> Path:
    """The task with a near-duplicate of every other seed."""
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    rows += [row | {"message": row["message"] + "!"} for row in rows[::2]]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task
