"""The datasets of small runs, byte for byte: a change of the code's shape moves no row, no word and no question."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent

FILES = ("train.jsonl", "valid.jsonl")
STRICT = "gates=[schema, {length: {min_chars: 17}}]"
ALL = ("dataset.accept=null", "evaluate.arms=[]")
RUNS: dict[str, Sequence[str]] = {
    "plain": (),
    "score": ("dataset.select={by: score}", "dataset.valid=0.3"),
    "redrawn": (STRICT, "dataset.accept=30", "dataset.more_draws=2", "teacher.sampling.temperature=1"),
    "fallback": (STRICT, "teacher.fallback=[{model: scripted, sampling: {seed: 7}}]", "dataset.accept=30"),
    "panel": (STRICT, "teacher.panel=[{model: scripted, sampling: {seed: 7}}]", *ALL),
    "gold": ("seeds={from: seeds.jsonl, gold: expected, gold_rows: train, test: {rows: 12, gold: true}}", *ALL),
    "quotas": (
        "strata={by: [kind], quotas: [{where: {kind: b}, count: 6}], edge_cases: [{where: {kind: a}, at_least: 9}]}",
        "dataset.accept=18",
    ),
    "votes": ("dedup={on_conflict: ask_again, compare: [mood]}", "teacher.sampling.temperature=1", *ALL),
    "person": ("dedup={on_conflict: person, compare: [mood]}", *ALL),
    "expanded": ("seeds.expand={ways: [fill, like], per_row: 2}", "dataset.accept=60", STRICT),
    "masked": ("gates=[schema, {pii: {action: mask}}, echo, boilerplate]", *ALL),
}
EXPECTED = {
    "gold": "495e4d8a20dbed3c",
    "plain": "1802bcf4b10ff08d",
    "score": "67f55451942a00bd",
    "redrawn": "558699206d16e898",
    "fallback": "0866f888d8a4bfaf",
    "panel": "dd03ec95c863b1b9",
    "quotas": "e2dad911448d3f48",
    "votes": "41ce83f9a7d2d2dd",
    "person": "523202732146eac7",
    "expanded": "d937c298d909fcf5",
    "masked": "2aff22cd60492ee5",
}

EXAMPLE = Path(__file__).parents[2] / "prompts" / "support-triage"
EXAMPLES_FILES = {
    "train.jsonl": "5939d1d500e752c8",
    "valid.jsonl": "4eac0bef7ff59970",
    "test.jsonl": "7bd06a66fa0101c3",
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_makes_the_same_bytes(near_duplicates_task: Path, name: str) -> None:
    """train.jsonl, valid.jsonl and every question in the order asked, of a task with near-duplicates."""
    task = open_task(near_duplicates_task, overrides=[*RUNS[name], "student.train={with: none}"], env={})
    folder = running.start(task, stages=ORDER[:3], watch=Silent()).folder
    assert digest(folder) == EXPECTED[name]


def test_the_example_makes_the_same_files(tmp_path: Path) -> None:
    """Of the task that comes with the project: the rows that train, validate and test, byte for byte."""
    sets = ["student.train={with: none}", "evaluate.arms=[teacher]"]
    task = open_task(EXAMPLE, overrides=sets, env={}, home=tmp_path)
    folder = running.start(task, stages=ORDER[:3], watch=Silent()).folder
    found = {name: hashlib.blake2b((folder / name).read_bytes(), digest_size=8).hexdigest() for name in EXAMPLES_FILES}
    assert found == EXAMPLES_FILES


def digest(folder: Path) -> str:
    """One hash of what a run asked and of the dataset's files."""
    asked = pl.read_parquet(folder / "asked.parquet")
    found = hashlib.sha256(json.dumps(asked["request_id"].to_list()).encode())
    for file in FILES:
        found.update(b"\0" + (folder / file).read_bytes())
    return found.hexdigest()[:16]
