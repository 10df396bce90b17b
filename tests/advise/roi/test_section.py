"""The report of a run says when its student pays, with defaults that are marked as such."""

from __future__ import annotations

import json
from pathlib import Path

from ended import Distill


def test_the_section_stands_in_every_form_of_the_report(finished_moods: Path) -> None:
    folder = finished_moods.parent / "runs" / "mood" / "001"
    page, text = (folder / "report.html").read_text(), (folder / "REPORT.md").read_text()
    found = json.loads((folder / "report.json").read_text())["roi"]
    assert len(found["results"]) == 4
    for shown in (page, text):
        assert "When does it pay?" in shown
        assert "What is unknown is never counted as nothing." in shown
        assert "measured in this run" in shown
        assert "student alone" in shown
    assert "| hours | 16 hours | default |" in text


def test_a_run_without_a_student_has_no_such_section(task: Path, distill: Distill) -> None:
    assert distill("run", task).code == 0
    folder = task.parent / "runs" / "mood" / "001"
    assert json.loads((folder / "report.json").read_text())["roi"] is None
    assert "When does it pay?" not in (folder / "report.html").read_text() + (folder / "REPORT.md").read_text()


def test_a_report_that_has_nothing_new_to_read_is_not_written_again(finished_moods: Path, distill: Distill) -> None:
    assert json.loads(distill("report", finished_moods, "--json").out)["skipped"] == ["report"]
