"""Moods as a teacher guesses them, half of them wrong, and gates of known worth: one that drops the wrong ones, one that drops at random,
and one that drops nearly all of one label.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import yaml
from made_once import copy_of
from moods import CROSS, GLAD, OTHER

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent

RIGHT = """\
def check(row):
    return row["parsed"]["mood"] == row["gold"]["mood"]
"""
CHANCE: dict[str, object] = {"form": {"lacks": ["lamp"]}}
"""The note repeats the input, of which half hold a lamp whatever their mood."""
ONE_LABEL: dict[str, object] = {"form": {"lacks": ['"cross"']}}


def written(folder: Path, gates: list[object], *, rows: int = 560) -> Path:
    """Rows with known answers, 160 of which are the test; the teacher is asked for the others, and guesses by a hash."""
    draw, seeds = random.Random(1), []
    for at in range(rows):
        glad = draw.random() < 0.5
        words = [draw.choice(GLAD if glad else CROSS), *draw.sample(OTHER, 6), str(at * 7919)]
        draw.shuffle(words)
        mood = "glad" if glad else "cross"
        seeds.append({"message": " ".join(words), "kind": "aaab"[at % 4], "expected": {"mood": mood}})
    (folder / "seeds.jsonl").write_text("".join(json.dumps(seed) + "\n" for seed in seeds))
    note = {"type": "string", "maxLength": 200}
    schema = {
        "type": "object",
        "properties": {"mood": {"enum": ["glad", "cross"]}, "note": note},
        "required": ["mood"],
    }
    (folder / "answer.schema.json").write_text(json.dumps(schema))
    (folder / "teacher.md").write_text("Say the mood as JSON.\n[user]\n{{message}}\n")
    (folder / "student.md").write_text("Mood?\n[user]\n{{message}}\n")
    (folder / "verify.py").write_text(RIGHT)
    spec = {
        "task": "mood",
        "seeds": {"from": "seeds.jsonl", "gold": "expected", "test": {"rows": 160}},
        "strata": {"by": ["kind"]},
        "teacher": {"model": "scripted", "output": "answer.schema.json", "terms": "made up", "exam": {"rows": 0}},
        "gates": gates,
        "dedup": {"near": 0.95},
        "student": {"train": {"with": "linear"}},
        "evaluate": {"arms": ["student"], "margin": 0.02},
    }
    (folder / "task.yaml").write_text(yaml.safe_dump(spec))
    return folder / "task.yaml"


def finished(folder: Path, gates: list[object]) -> tuple[Task, RunDir]:
    """The task and its run, which is done."""
    folder.mkdir(exist_ok=True)
    task = open_task(written(folder, gates), env={})
    running.start(task, stages=ORDER, watch=Silent())
    return task, RunDir(task.home, "mood", 1)


@pytest.fixture(scope="session")
def guesses(tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, RunDir]:
    """A run that `verify` and chance have filtered."""
    gates: list[object] = ["schema", {"verify": {"seconds": 20}}, CHANCE]
    folder = copy_of("guesses", tmp_path_factory, lambda made: finished(made, gates))
    return open_task(folder / "task.yaml", env={}), RunDir(folder, "mood", 1)
