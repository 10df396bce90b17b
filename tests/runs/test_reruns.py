"""What a changed setting or file makes a run do again: exactly what read it, and then the dataset is that of a fresh run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.progress import Silent

DATASET = ORDER[:3]
FILES = (
    "seeds.parquet",
    "asked.parquet",
    "samples.parquet",
    "dropped.parquet",
    "train.jsonl",
    "valid.jsonl",
    "test.jsonl",
)


def run(task: Path, *sets: str, **how: Any) -> Run:
    return running.start(
        open_task(task, overrides=sets, env={}), stages=how.pop("stages", DATASET), watch=Silent(), **how
    )


def rows(result: Run) -> int:
    return pl.read_parquet(result.folder / "dataset.parquet").height


def test_a_shorter_context_curates_anew(task: Path) -> None:
    """The dataset is the one that a fresh run under the same spec makes, and no answer is bought."""
    whole = rows(run(task, "dataset.accept=null", "student.train.with=hosted"))
    short = ("dataset.accept=null", "student.train.with=hosted", "student.train.context=32")
    again = run(task, *short)
    assert (again.done, again.requests_sent) == (list(DATASET), 0)
    assert again.changed["curate"][0] == "student.train.context changed"
    assert whole > rows(again) == rows(run(task, *short, new=True)) > 0


def test_a_changed_about_renews_the_card(task: Path) -> None:
    folder = run(task).folder
    assert "A new text." not in (folder / "CARD.md").read_text()
    again = run(task, "about=A new text.")
    assert (again.done, again.changed) == (["export"], {"export": ["about changed"]})
    assert "A new text." in (folder / "CARD.md").read_text()


def test_a_changed_tool_renews_the_training_rows(task: Path) -> None:
    """Each row carries the tools: the description that the spec has now."""

    def describe(text: str) -> None:
        function = {"name": "look_up", "description": text, "parameters": {"type": "object", "properties": {}}}
        (task.parent / "tools.json").write_text(json.dumps([{"type": "function", "function": function}]))

    given = (
        "seeds.gold_rows=train",
        "seeds.test={rows: 12, gold: true}",
        "teacher.tools=tools.json",
        "teacher.output=null",
        "gates=[length]",
    )
    describe("The first text.")
    folder = run(task, *given).folder
    describe("The second text.")
    again = run(task, *given)
    assert "export" in again.done
    rows = (folder / "train.jsonl").read_text()
    assert "The second text." in rows
    assert "The first text." not in rows


CHANGES = (
    "dataset.accept=12",
    "dataset.temperature=1",
    "dataset.valid=0.3",
    "dataset.select.by=score",
    "dataset.per_stratum=4 | dataset.accept=8",
    "dedup.near=0.5",
    "dedup.typos=false",
    "gates=[schema, {length: {min_chars: 17}}]",
    "seeds.gold_rows=train | seeds.test={rows: 12, gold: true}",
    "seeds.test.share=0.5",
    "strata.by=[]",
    "strata.edge_cases=[{where: {kind: a}, at_least: 9}]",
    "teacher.sampling.draws=2",
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_that_goes_on_is_as_a_fresh_one(task: Path, change: str) -> None:
    """Whatever is skipped, every file is that of a run which does all stages under the same spec."""
    run(task)
    sets = change.split(" | ")
    again, fresh = run(task, *sets).folder, run(task, *sets, new=True).folder
    assert again != fresh
    for name in FILES:
        assert (again / name).read_bytes() == (fresh / name).read_bytes(), name


@pytest.mark.parametrize("change", ["dedup.near=0.5", "dataset.valid=0.3", "student.train.context=9", "about=x", "expect.rows=2", "evaluate.margin=0.1"])  # fmt: skip
def test_what_is_no_part_of_a_request_buys_no_answer(task: Path, change: str) -> None:
    run(task, "dataset.accept=null")
    assert run(task, "dataset.accept=null", change).requests_sent == 0


@pytest.mark.parametrize("change", ["teacher.limits.in_flight=2", "teacher.price={input: 1, output: 1}", "budget.usd=null", "deadline=8h"])  # fmt: skip
def test_how_rows_are_sent_makes_nothing_anew(task: Path, change: str) -> None:
    run(task)
    again = run(task, change)
    assert (again.done, again.skipped) == ([], list(DATASET))
