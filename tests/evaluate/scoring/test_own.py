"""The task's own metrics: named in the spec, run in the sandbox, and an error is never a zero."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from answered import BARE, judged, means

from distill.errors import SpecError
from distill.evaluate.scoring import own
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent

METRIC = """\
def score(row):
    words = len(row["answer"].split())
    if words == 3:
        raise ValueError("three words")
    if words == 4:
        return {"value": 7}
    return {"value": 1 / words, "reason": f"{words} words"}

def polite(row):
    return "please" in row["answer"], row["fields"]["message"]
"""
NAMED = "evaluate.metrics=[auto, {python: metrics.py, seconds: 20}, {python: 'metrics.py:polite', seconds: 20}]"
SAID = ["one", "please two", "just three words", "this one has four"]


def test_a_function_gives_values_with_reasons_and_its_faults_are_no_zeros(task: Path) -> None:
    (task.parent / "metrics.py").write_text(METRIC)
    found, scores = judged(task, {"teacher": SAID, "student": SAID}, *BARE, NAMED)
    own_ = scores.filter(pl.col("arm") == "student").sort("seed_id")
    assert own_.filter(metric="score")["value"].to_list() == [1, 0.5, None, None]
    assert own_.filter(metric="score")["reason"].to_list() == [
        "1 words", "2 words", "raised ValueError at line 4: three words",
        'returned 7.0; expected True, False, a number from 0 to 1, None, (score, message) or {"value": …, "reason": …}',
    ]  # fmt: skip
    assert own_.filter(metric="polite")["value"].to_list() == [0, 1, 0, 0]
    assert own_.filter(metric="polite")["reason"][0] == "in 0"
    assert means(found)["score"] == 0.75


def test_a_function_of_its_own_may_carry_the_verdict(task: Path) -> None:
    (task.parent / "metrics.py").write_text(METRIC)
    found, _ = judged(
        task, {"teacher": SAID * 10, "student": ["please two"] * 40}, *BARE, NAMED, "evaluate.decide_by=polite"
    )
    assert found.metric == "polite"
    assert found.verdict.word == "distil"
    assert "by `polite`" in found.verdict.sentences[1]


def test_it_runs_in_the_sandbox(task: Path) -> None:
    (task.parent / "metrics.py").write_text("import os\ndef score(row): return os.system('true') == 0\n")
    _, scores = judged(task, {"teacher": ["a"], "student": ["a"]}, *BARE, "evaluate.metrics=[{python: metrics.py}]")
    assert scores["value"].null_count() == scores.height == 2
    assert "no process may be started" in scores["reason"][0]


def test_a_file_that_cannot_be_imported_stops_before_anything_is_asked(task: Path) -> None:
    (task.parent / "metrics.py").write_text("import nowhere_at_all\ndef score(row): return 1\n")
    opened = open_task(task, overrides=["evaluate.metrics=[{python: metrics.py}]"], env={})
    with pytest.raises(SpecError, match="nowhere_at_all"):
        running.start(opened, stages=ORDER, watch=Silent())
    assert not list(task.parent.glob("runs/mood/001/asked.parquet"))


def test_a_changed_function_scores_again_and_asks_nothing_again(task: Path) -> None:
    file, name = task.parent / "metrics.py", "evaluate.metrics=[auto, {python: metrics.py}]"
    file.write_text("def score(row): return 1\n")
    first = running.start(open_task(task, overrides=[name], env={}), stages=ORDER, watch=Silent())
    file.write_text("def score(row): return 0\n")
    again = running.start(open_task(task, overrides=[name], env={}), stages=ORDER, watch=Silent())
    assert again.folder == first.folder
    assert (
        json.loads((again.folder / "comparison.json").read_bytes())["arms"]["teacher"]["metrics"]["score"]["mean"] == 0
    )
    assert again.skipped == ["generate", "curate", "export"]
    page = (again.folder / "REPORT.md").read_text()
    assert "the task's own metric score (metrics.py)" in page


def test_the_print_of_a_function_is_that_of_its_file(task: Path) -> None:
    (task.parent / "metrics.py").write_text("def score(row): return 1\n")
    opened = open_task(task, overrides=["evaluate.metrics=[{python: metrics.py}]"], env={})
    before = own.fingerprints(opened)
    (task.parent / "metrics.py").write_text("def score(row): return 0\n")
    assert own.fingerprints(opened) != before
