"""That a student was switched off is kept."""

from __future__ import annotations

from pathlib import Path

from distill.proxy.student.alarms.switched_back import FILE, SwitchedBack, forget, read, write


def test_it_is_read_as_it_was_written_until_it_is_forgotten(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    kept = SwitchedBack(3, "2026-11-30T12:00:00+00:00", ["Refusals: 9 %"])
    write(tmp_path / "new", kept)
    assert read(tmp_path / "new") == kept
    forget(tmp_path / "new")
    assert read(tmp_path / "new") is None


def test_a_torn_file_lets_no_student_answer(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    found = read(tmp_path)
    assert found is not None
    assert found.student == -1
