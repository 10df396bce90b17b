"""`distill curve` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from ended import Distill

from distill.cli.verbs.worth.curve import curve


def test_the_curve_is_printed_kept_and_shown_in_the_report(finished_moods: Path, distill: Distill) -> None:
    """A second command trains nothing; the report is written again, since it reads the curve."""
    home = ("--home", finished_moods.parent)
    folder = finished_moods.parent / "runs" / "mood" / "001"
    first = distill("curve", "mood", *home)
    assert first.code == 0, first.err
    assert "to do: 4 trainings of 300 rows in all" in first.err
    assert "30, 60, 90, 120 training rows" in first.err
    assert first.out.count("●") == 4
    again = distill("curve", "mood/001", "--json", *home)
    assert json.loads(again.out) == json.loads((folder / "curve.json").read_text())["curves"]["linear"]
    assert again.err == ""
    assert "Would more rows help?" not in (folder / "report.html").read_text()
    assert distill("report", finished_moods).code == 0
    assert "Would more rows help?" in (folder / "report.html").read_text()
    assert "Would more rows help?" in (folder / "REPORT.md").read_text()
    assert "learning_curves" in json.loads((folder / "report.json").read_text())


def test_a_linear_model_is_a_first_look_beside_a_language_model(finished_moods: Path, distill: Distill) -> None:
    """Of a run whose student is tuned, here or at a host, without touching its base."""
    spec = finished_moods.parent / "runs" / "mood" / "001" / "spec.json"
    used = json.loads(spec.read_text())
    for kind in ("lora", "hosted"):
        used["spec"]["student"]["train"] |= {"with": kind, "base": "org/tiny"}
        spec.write_text(json.dumps(used))
        said = distill(
            "curve", "mood", "--with", "linear", "--rows", "50%,100%", "--json", "--home", finished_moods.parent
        )
        assert said.code == 0, said
        found = json.loads(said.out)
        assert [point["rows"] for point in found["points"]] == [60, 120]
        assert "at least 3 points (--rows)" in found["advice"]["sentence"]


def test_what_has_no_curve_is_told(task: Path, distill: Distill) -> None:
    assert distill("run", task).code == 0
    home = ("--home", task.parent)
    none = distill("curve", "mood", *home)
    assert none.code == 2
    assert "nothing is trained (student.train.with: none); `distill curve mood --with linear`" in none.err
    few = distill("curve", "mood", "--with", "linear", *home)
    assert few.code == 2
    assert "a curve takes at least 2 points of 20 rows or more, and the run has 20 training rows" in few.err
    assert distill("curve", "nothing", *home).code == 2
    assert curve.__doc__
    assert not (task.parent / "runs" / "mood" / "001" / "curve.json").exists()


def test_a_hosted_student_has_no_curve(task: Path, distill: Distill) -> None:
    """Each point would be a job with a bill: the linear model is named instead."""
    assert distill("run", task).code == 0
    spec = task.parent / "runs" / "mood" / "001" / "spec.json"
    used = json.loads(spec.read_text())
    used["spec"]["student"]["train"] |= {"with": "hosted", "base": "gpt-tiny"}
    spec.write_text(json.dumps(used))
    said = distill("curve", "mood", "--home", task.parent)
    assert said.code == 2
    assert "the student is tuned at a host" in said.err
    assert "--with linear" in said.err
