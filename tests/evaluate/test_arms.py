"""Whole runs whose answers are labels, numbers, lists or free text: scores are of what the answers say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import tuning_host

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent

PLAIN = ("teacher.output=null", "strata={}", "dataset.accept=null")


def rows_of(task: Path, make: Callable[[int, dict[str, Any]], dict[str, Any]]) -> None:
    file = task.parent / "seeds.jsonl"
    rows = [make(i, json.loads(line)) for i, line in enumerate(file.read_text().splitlines())]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def run(task: Path, *sets: str) -> tuple[dict[str, Any], dict[str, Any]]:
    result = running.start(open_task(task, overrides=(*PLAIN, *sets), env={}), stages=ORDER, watch=Silent())
    return result, json.loads((result.folder / "comparison.json").read_bytes())


@pytest.mark.parametrize(
    ("message", "expected", "mean"),
    [
        ("Technical.", "technical", 1),
        ("12.50", 12.5, 1),
        ("true", True, 1),
        ('["b", "a"]', ["a", "b"], 1),
        ("x", "y", 0),
    ],
)
def test_a_bare_answer_is_held_against_the_value_of_the_gold_column(
    task: Path, message: str, expected: Any, mean: float
) -> None:
    """The scripted teacher says the message again; seeds keep a plain value as {"answer": value}, which no answer looks like."""
    rows_of(
        task,
        lambda i, row: {"message": message if i == 0 else row["message"], "expected": expected if i == 0 else None},
    )
    _, found = run(task, "seeds.test={rows: 1}")
    assert found["arms"]["teacher"]["metrics"]["json_fields"]["mean"] == mean
    assert found["kind"] == "plain"


def test_a_task_without_a_student_ends_as_a_dataset_and_its_report_has_no_empty_table(task: Path) -> None:
    result, _ = run(task, "seeds.gold=null")
    assert result.verdict.word == "dataset only"
    page = (result.folder / "REPORT.md").read_text()
    assert "\u2013 to \u2013" not in page
    assert "student minus" not in page
    assert "Dataset only: no student was asked, so nothing was compared." in page


def test_gold_in_the_test_file_alone_is_enough_and_need_not_stand_in_each_of_its_rows(task: Path) -> None:
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    test = [{**row, "message": f"quite another message, number {i}"} for i, row in enumerate(rows[:8])]
    del test[0]["expected"]
    (task.parent / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in test))
    rows_of(task, lambda _, row: {name: value for name, value in row.items() if name != "expected"})
    result = running.start(
        open_task(task, overrides=["seeds.test={from: test.jsonl}"], env={}), stages=ORDER, watch=Silent()
    )
    scores = pl.read_parquet(result.folder / "scores.parquet").filter(metric="json_fields")
    assert scores["value"].is_not_null().sum() == 7


def test_few_known_answers_are_reported_and_other_rows_fill_the_test(task: Path) -> None:
    rows_of(task, lambda i, row: {**row, "expected": row["expected"] if i < 3 else None})
    result = running.start(open_task(task, env={}), stages=ORDER, watch=Silent())
    report = json.loads((result.folder / "report.json").read_bytes())
    said = next(warning for warning in report["warnings"] if "requested test rows" in warning)
    assert said.startswith(
        "3 rows have a known answer, fewer than the 12 requested test rows, of which 12 are set aside"
    )
    tests = pl.read_parquet(result.folder / "seeds.parquet").filter(role="test")
    assert (tests.height, tests["gold"].null_count()) == (12, 9)


async def test_free_text_that_both_answered_is_reported_as_that(task: Path) -> None:
    """The teacher repeats the message, which is long; the tuned model says what it learnt of another one."""
    rows_of(task, lambda i, row: {"message": f"{row['message']} and please tell me more about it, number {i}"})
    train = "student.train={with: hosted, base: tiny, poll_s: 0.01}"
    sets = (*PLAIN, "seeds.gold=null", "evaluate.arms=[teacher, base, student]", train)
    (task.parent / "teacher.md").write_text("Say it.\n[user]\nDear customer, we thank you for this:\n{{message}}\n")
    async with tuning_host.serve() as host:
        task = open_task(task, overrides=sets, env={"OPENAI_BASE_URL": host.base_url})
        result = await running.work(task, stages=ORDER, watch=Silent())
    assert result.verdict.sentences[0].startswith("Undecided: answers are free text without known ones")
    assert "by chrF (95 % interval" in result.verdict.sentences[1]
