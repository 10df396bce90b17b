"""Which student a log is of."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.lifecycle.monitor.shipped import shipped
from distill.lifecycle.registry import promote as promoting


def test_the_promoted_student_and_else_the_newest_run(home: Path) -> None:
    assert shipped(home, "mood").run.name == "mood/002"
    promoting.promote("mood/001", home, anyway=True)
    found = shipped(home, "mood")
    assert (found.run.name, found.name) == ("mood/001", "student 1 of registry/mood")
    assert shipped(home, "mood", "002").run.name == "mood/002"


def test_a_run_that_was_moved_away_is_an_error_that_says_which_there_are(home: Path) -> None:
    promoting.promote("mood/001", home, anyway=True)
    (home / "runs/mood/001").rename(home / "elsewhere")
    with pytest.raises(UsageError, match=r"001 is not there.*name another with --run \(there are 002\)"):
        shipped(home, "mood")
    with pytest.raises(UsageError, match="has no run under"):
        shipped(home, "other")
