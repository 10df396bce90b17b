"""A task whose answers can be learnt from the text, so that more rows make a better model; and a run of it, done once."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
import yaml
from made_once import copy_of

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent

GLAD = [
    "bright",
    "splendid",
    "lovely",
    "cheerful",
    "sunny",
    "warm",
    "golden",
    "merry",
    "gentle",
    "fresh",
    "calm",
    "jolly",
    "proud",
    "sweet",
]
CROSS = [
    "broken",
    "late",
    "rude",
    "dreadful",
    "cold",
    "rusty",
    "leaky",
    "noisy",
    "sour",
    "torn",
    "muddy",
    "bitter",
    "grim",
    "stale",
]
OTHER = [
    "lamp",
    "river",
    "copper",
    "onion",
    "violin",
    "gravel",
    "passport",
    "thunder",
    "biscuit",
    "ladder",
    "walnut",
    "harbour",
]
SPEC = {
    "task": "mood",
    "seeds": {"from": "seeds.jsonl", "gold": "expected", "gold_rows": "train", "test": {"rows": 80, "gold": True}},
    "strata": {"by": ["kind"]},
    "teacher": {"model": "scripted", "output": "answer.schema.json", "terms": "made up", "exam": {"rows": 0}},
    "dedup": {"near": 0.95},
    "dataset": {"accept": 120},
    "student": {"train": {"with": "linear"}},
    "evaluate": {"arms": ["teacher", "student"]},
}


def written(folder: Path) -> Path:
    """240 rows with known answers, a quarter of them of the rarer of two strata; 80 are the test."""
    draw, rows = random.Random(0), []
    for at in range(240):
        glad = draw.random() < 0.5
        words = [draw.choice(GLAD if glad else CROSS), *draw.sample(OTHER, 6), str(at * 7919)]
        draw.shuffle(words)
        mood = {"mood": "glad" if glad else "cross"}
        rows.append({"message": " ".join(words), "kind": "aaab"[at % 4], "expected": mood})
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    schema = {"type": "object", "properties": {"mood": {"enum": ["glad", "cross"]}}, "required": ["mood"]}
    (folder / "answer.schema.json").write_text(json.dumps(schema))
    (folder / "teacher.md").write_text("Say the mood as JSON.\n[user]\n{{message}}\n")
    (folder / "student.md").write_text("Mood?\n[user]\n{{message}}\n")
    (folder / "task.yaml").write_text(yaml.safe_dump(SPEC))
    return folder / "task.yaml"


@pytest.fixture
def moods(tmp_path: Path) -> Path:
    """The spec's path."""
    return written(tmp_path)


@pytest.fixture(scope="session")
def _finished_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        running.start(open_task(written(folder), env={}), stages=ORDER, watch=Silent())

    return copy_of("moods", tmp_path_factory, make)


@pytest.fixture
def finished_moods(_finished_once: Path, tmp_path: Path) -> Path:
    """The spec's path in a project with a finished run, mood/001, whose student is a linear model."""
    shutil.copytree(_finished_once, tmp_path / "project")
    return tmp_path / "project" / "task.yaml"
