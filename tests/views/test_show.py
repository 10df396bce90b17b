"""Rows of a run by what became of them, with their texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.cli.text.rows import row_list_lines
from distill.errors import UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.views import show


def run(task: Path, *sets: str) -> None:
    running.start(open_task(task, overrides=sets, env={}), stages=ORDER[:3], watch=Silent())


def test_dropped_rows_are_shown_by_reason_with_what_was_asked_and_answered(task: Path) -> None:
    run(task, "gates=[{length: {min_chars: 17}}]", "dataset.accept=null")
    found = show.show(task.parent, "mood", what="dropped", reason="too_short", stratum="a", limit=3)
    assert found.reasons["too_short"] >= found.rows >= 3
    assert len(found.shown) == 3
    assert all(row["reason"] == "too_short" and row["stratum"] == "a" for row in found.shown)
    assert all(row["answer"] == '{"mood": "glad"}' and row["input"] for row in found.shown)
    assert "length: too_short: 16 characters" in "\n".join(row_list_lines(found))
    assert show.show(task.parent, "mood", what="dropped", reason="too_short", stratum="a", limit=3) == found


def test_kept_rows_are_shown_too(task: Path) -> None:
    run(task)
    found = show.show(task.parent, "mood", what="kept", reason=None, stratum=None, limit=100)
    assert len(found.shown) == found.rows == 20


def test_a_reason_that_no_row_has_names_those_there_are(task: Path) -> None:
    run(task)
    with pytest.raises(UsageError, match=r"dropped no row for 'nearr'.*known|mean"):
        show.show(task.parent, "mood", what="dropped", reason="nearr", stratum=None, limit=1)
