"""`distill routes` over a finished run: the table, the files, and what a spoilt run gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ended import Distill, refused
from routed import OPENAI_KEY

from distill.rundir import RunDir


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", OPENAI_KEY)


def test_the_table_and_the_files(
    routed: RunDir, tmp_path: Path, distill: Distill, key: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(routed.home)
    out, spec = tmp_path / "served", routed.home / "task.yaml"
    spec.write_text(spec.read_text().replace("model: big-1", "model: bigger-2\n  key_env: OTHER_KEY"))
    monkeypatch.setenv("OTHER_KEY", OPENAI_KEY)
    said = distill("routes", "mood", "--out", out)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert "measured on n = 160 test rows; thresholds set on 150 calibration rows (linear model)" in lines[0]
    assert sum(line.startswith("* ") for line in lines) == 1
    assert any(line.startswith("goes to the teacher whole: kind = c, where the student gets") for line in lines)
    assert any(f"written to {out}: README.md" in line for line in lines)
    plan = json.loads((out / "routes.json").read_bytes())
    assert (plan["other"]["model"], plan["other"]["key_env"]) == ("big-1", "OTHER_KEY"), (
        "as it was asked, by the key of today"
    )
    found = json.loads(distill("routes", "mood", "--keep", "0.5", "--json").out)
    assert (found["rows"], found["calibration"], found["written"]) == (160, 150, None)
    assert len(found["ratios"]) == len(found["blends"]) >= 5
    assert found["blends"][found["chosen"]]["set_by"] == "the surest 50 %"


def test_a_student_that_is_not_the_one_that_was_compared(
    routed: RunDir, tmp_path: Path, distill: Distill, key: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is refused, and nothing is written."""
    monkeypatch.chdir(routed.home)
    prompt = routed.home / "student.md"
    before = prompt.read_text()
    prompt.write_text("Which mood?\n[user]\n{{message}}\n")
    refused(
        distill("routes", "mood", "--out", tmp_path / "out"),
        "student.md is changed since run mood/001 was made with it",
    )
    prompt.write_text(before)
    model = routed.path / "student" / "linear.npz"
    model.write_bytes(model.read_bytes()[:-1])
    refused(distill("routes", "mood"), "is not as it was when it was compared; `distill evaluate mood`")
    model.unlink()
    refused(distill("routes", "mood", "--out", tmp_path / "out"), "is not as it was when it was compared")
    (routed.path / "scores.parquet").unlink()
    refused(distill("routes", "mood"), "mood")
    assert not (tmp_path / "out").exists()


def test_a_run_of_a_project_that_was_moved(
    routed: RunDir, distill: Distill, key: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = routed.home.with_name("moved")
    routed.home.rename(moved)
    monkeypatch.chdir(moved)
    assert distill("routes", moved / "runs" / "mood" / "001").code == 0
    (moved / "task.yaml").unlink()
    assert distill("routes", "mood").code == 0, "the table is the run's own"
    refused(distill("routes", "mood", "--out", moved / "out"), "task.yaml")


def test_a_run_without_a_student(routed: RunDir, distill: Distill) -> None:
    path = routed.path / "comparison.json"
    found = json.loads(path.read_bytes())
    del found["arms"]["student"]
    path.write_text(json.dumps(found))
    refused(distill("routes", "mood", "--home", routed.home), "has no student; it compared teacher")
