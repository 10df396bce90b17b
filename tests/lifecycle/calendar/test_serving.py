"""What serves, and why nothing does."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from distill.lifecycle.calendar.serving import serving_of
from distill.lifecycle.registry.promote import promote
from distill.lifecycle.registry.task_registry import TaskRegistry


def test_the_student_that_the_alias_leads_to(home: Path) -> None:
    today = date.today()  # noqa: DTZ011 - of this machine, as the run's
    assert serving_of(home, "mood", today) == (None, {}, "")
    promote("mood/001", home, anyway=True)
    student, train, broken = serving_of(home, "mood", today + timedelta(days=200))
    assert student is not None
    assert (student.number, student.run, student.how, broken) == (1, "mood/001", "linear", "")
    assert 200 <= student.age <= 201  # the runs may be of yesterday
    assert train["with"] == "linear"


def test_an_alias_that_leads_nowhere_and_a_record_that_is_torn(home: Path) -> None:
    promote("mood/001", home, anyway=True)
    entry = TaskRegistry(home, "mood").path / "current" / "entry.json"
    entry.parent.chmod(0o755)
    entry.chmod(0o644)
    entry.write_text("{")
    student, _, broken = serving_of(home, "mood", date(2026, 12, 1))
    assert student is None
    assert broken.startswith("registry/mood: ")
    assert "cannot be read" in broken
    (TaskRegistry(home, "mood").path / "current").unlink()
    (TaskRegistry(home, "mood").path / "current").symlink_to("students/009-0123456789ab")
    assert "is not there" in serving_of(home, "mood", date(2026, 12, 1)).broken
