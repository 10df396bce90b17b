"""The list of a project's runs."""

from __future__ import annotations

from pathlib import Path

from distill.cli.text.status import runs_lines
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.views.runs import runs


def test_every_run_is_listed_with_its_rows_and_verdict_the_newest_first(task: Path) -> None:
    running.start(open_task(task, env={}), stages=ORDER, watch=Silent())
    running.start(open_task(task, env={}), stages=ORDER[:2], watch=Silent(), new=True)
    newest, first = runs(task.parent)
    assert (newest.run, newest.last_stage, newest.rows, newest.verdict) == ("mood/002", "curate", None, "")
    assert (first.run, first.last_stage, first.verdict, first.teacher) == (
        "mood/001",
        "report",
        "dataset only",
        "scripted",
    )
    assert first.rows
    assert runs_lines([newest, first])[0].split() == ["run", "began", "last", "stage", "rows", "verdict", "spent"]


def test_a_project_without_a_run_says_how_to_make_one_and_a_broken_manifest_is_a_line(task: Path) -> None:
    assert runs(task.parent) == []
    assert "distill run" in runs_lines([])[0]
    running.start(open_task(task, env={}), stages=ORDER[:1], watch=Silent())
    (task.parent / "runs" / "mood" / "001" / "manifest.json").write_text("[]")
    assert "cannot be read" in runs(task.parent)[0].last_stage
