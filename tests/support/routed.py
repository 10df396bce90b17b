"""A finished run whose linear student is unsure of some rows and wrong of one stratum, beside a teacher that knows every answer and is paid for."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from echoes import completion, echoing
from made_once import copy_of
from moods import CROSS, GLAD, OTHER

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir
from distill.task.run import ORDER
from distill.teacher.progress import Silent

SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["glad", "cross"]}}, "required": ["mood"]}
SPEC: dict[str, Any] = {
    "task": "mood",
    "seeds": {"from": "seeds.jsonl", "gold": "expected", "gold_rows": "train", "test": {"rows": 160, "gold": True}},
    "strata": {"by": ["kind"]},
    "teacher": {
        "model": "big-1", "output": "answer.schema.json", "terms": "made up", "exam": {"rows": 0},
        "price": {"input": 10, "output": 20},
    },
    "dedup": {"near": 0.98},
    "student": {"train": {"with": "linear"}},
    "evaluate": {"arms": ["teacher", "student"], "margin": 0.05, "risk": 0.2, "calibration": {"rows": 150}},
}  # fmt: skip
OPENAI_KEY = "sk-of-the-tests-0123456789"


def rows(count: int = 620) -> list[dict[str, Any]]:
    """Words tell the mood; in one row of eight none does, and in the kind `c` they say the opposite."""
    draw, found = random.Random(3), []
    for at in range(count):
        mood, kind = draw.choice(["glad", "cross"]), "aabbbabbac"[at % 10]
        told = mood if kind != "c" else "glad" if mood == "cross" else "cross"
        words = draw.sample(OTHER, 6) + [str(at * 7919)]
        if at % 8:
            words += draw.sample(GLAD if told == "glad" else CROSS, 2)
        draw.shuffle(words)
        found.append({"message": " ".join(words), "kind": kind, "expected": {"mood": mood}})
    return found


def answers(given: list[dict[str, Any]]) -> Mapping[str, str]:
    """Message → what the teacher says."""
    return {row["message"]: json.dumps(row["expected"]) for row in given}


def written(folder: Path, base_url: str, **more: Any) -> Path:
    """The task's files; `more` are parts of its spec."""
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()))
    (folder / "answer.schema.json").write_text(json.dumps(SCHEMA))
    (folder / "teacher.md").write_text("Say the mood of the customer as JSON, kind by kind.\n[user]\n{{message}}\n")
    (folder / "student.md").write_text("Mood?\n[user]\n{{message}}\n")
    spec = {**SPEC, **more, "teacher": {**SPEC["teacher"], "base_url": base_url}}
    (folder / "task.yaml").write_text(yaml.safe_dump(spec))
    return folder / "task.yaml"


def finished(folder: Path, **more: Any) -> RunDir:
    """A run of the task, done."""
    known = answers(rows())

    async def work() -> None:
        def reply(_headers: Mapping[str, str], body: Any) -> tuple[int, bytes]:
            return 200, completion(known[body["messages"][-1]["content"]])

        async with echoing(reply) as (url, _):
            task = open_task(written(folder, url, **more), env={"OPENAI_API_KEY": OPENAI_KEY}, home=folder)
            await asyncio.to_thread(running.start, task, stages=ORDER, watch=Silent())

    asyncio.run(work())
    return RunDir(folder, "mood", 1)


@pytest.fixture(scope="session")
def routed_once(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """The run; tests only read it."""
    return RunDir(copy_of("routed", tmp_path_factory, finished), "mood", 1)


@pytest.fixture
def routed(routed_once: RunDir, tmp_path: Path) -> RunDir:
    """A copy, to be spoilt."""
    shutil.copytree(routed_once.home, tmp_path / "project")
    return RunDir(tmp_path / "project", "mood", 1)
