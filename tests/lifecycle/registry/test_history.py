"""`distill history`: who serves, who did, and what a roll back takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from ended import Distill

from distill.errors import UsageError
from distill.lifecycle.registry.history import history
from distill.lifecycle.registry.promote import promote, rollback
from distill.lifecycle.registry.student import ENTRY


def test_students_with_all_that_is_said_of_them(home: Path) -> None:
    promote("mood/001", home)
    promote("mood/002", home, anyway=True)
    found = history("mood", home)
    assert (found.current, found.back_to) == (2, 1)
    one = found.students[0]
    assert (one.number, one.run, one.teacher, one.how) == (1, "mood/001", "scripted", "linear")
    assert one.verdict is not None
    assert (one.verdict.word, one.verdict.metric) == ("distil", "json_fields")
    assert one.verdict.student is not None
    assert one.verdict.student.n == 30
    assert one.rows["test"] == 30
    assert one.promoted[:4] == one.asked[:4]
    assert found.students[1].content != one.content
    rollback("mood", home)
    assert (history("mood", home).current, history("mood", home).back_to) == (1, None)


def test_one_that_cannot_be_read_is_told_and_hides_no_other(home: Path) -> None:
    folder = home / "registry/mood" / promote("mood/001", home).student.folder
    promote("mood/002", home, anyway=True)
    (folder / ENTRY).chmod(0o644)
    (folder / ENTRY).write_text("torn")
    found = history("mood", home)
    assert [one.number for one in found.students] == [2]
    assert "serves no more" in found.broken[0]
    assert promote("mood/001", home).student.number == 3


def test_a_task_of_which_nothing_was_promoted(home: Path) -> None:
    with pytest.raises(UsageError, match="no student of mood was promoted yet; `distill promote mood` does"):
        history("mood", home)
    with pytest.raises(UsageError, match="no run 'other'"):
        history("other", home)


def test_a_classifier_is_on_no_base_and_one_is_no_plural(home: Path, distill: Distill) -> None:
    assert distill("promote", "mood/001", "--anyway", "--home", home).code == 0
    lines = distill("history", "mood", "--home", home).out.splitlines()
    assert lines[2].endswith("; linear")
    assert "2 runs and 1 promoted student:" in distill("verify", "--home", home).out
