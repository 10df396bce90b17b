"""`distill ship` from the command line: what a run has not is told, whatever folder one stands in."""

from __future__ import annotations

from pathlib import Path

import pytest
from ended import Distill


@pytest.mark.parametrize("form", ["merged", "gguf:q8_0"])
def test_a_run_without_a_student_is_told(task: Path, distill: Distill, tmp_path: Path, form: str) -> None:
    assert distill("run", task).code == 0
    home = ("--home", task.parent)
    said = distill("ship", "mood", "--as", form, "--out", tmp_path / "out", *home)
    assert said.code == 2
    assert "mood/001 has no adapter to ship (student.train.with: none): nothing was trained" in said.err
    assert not (tmp_path / "out").exists()
    assert distill("ship", "mood/001", "--as", "jar", "--out", tmp_path / "out", *home).code == 2
    assert distill("ship", "none", "--as", form, "--out", tmp_path / "out", *home).code == 2
    scored = distill("evaluate", task, "--student", tmp_path / "none.gguf")
    assert scored.code == 2
    assert "no such folder or file" in scored.err
