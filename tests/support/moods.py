"""A task whose answers can be learnt from the text, so that more rows make a better model."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import yaml

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


@pytest.fixture
def moods(task: Path) -> Path:
    """240 rows with known answers, two of three strata rarer than the first; a third of the rows are the test."""
    draw, rows = random.Random(0), []
    for at in range(240):
        glad = draw.random() < 0.5
        words = [draw.choice(GLAD if glad else CROSS), *draw.sample(OTHER, 6), str(at * 7919)]
        draw.shuffle(words)
        rows.append(
            {"message": " ".join(words), "kind": "aaab"[at % 4], "expected": {"mood": "glad" if glad else "cross"}}
        )
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    spec = yaml.safe_load(task.read_text())
    spec["seeds"] |= {"gold_rows": "train", "test": {"rows": 80, "gold": True}}
    spec["dedup"] = {"near": 0.95}
    spec["dataset"] = {"accept": 120}
    spec["student"] = {"prompt": "student.md", "train": {"with": "linear"}}
    spec["evaluate"] = {"arms": ["teacher", "student"]}
    task.write_text(yaml.safe_dump(spec))
    return task
