"""`distill verify`: what is not as it was written has its name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.lifecycle.registry import integrity
from distill.lifecycle.registry.promote import promote
from distill.lifecycle.registry.student import ENTRY, seal_of
from distill.lifecycle.registry.task_registry import TaskRegistry
from distill.rundir import RunDir


def touched(home: Path, given: str | None = None) -> list[tuple[str, str, str]]:
    return [(one.where, one.file, one.fate) for one in integrity.verify(given, home).touched]


def test_all_is_as_it_was_written(home: Path) -> None:
    promote("mood/001", home)
    found = integrity.verify(None, home)
    assert (found.runs, found.students, list(found.touched)) == (2, 1, [])
    assert found.files > 30
    assert integrity.verify("mood/001", home).runs == 1
    assert integrity.verify("mood/001", home).students == 0


def test_files_of_a_run(home: Path) -> None:
    run = home / "runs/mood/002"
    (run / "train.jsonl").write_text("{}\n")
    (run / "scores.parquet").unlink()
    assert touched(home) == [("mood/002", "train.jsonl", "changed"), ("mood/002", "scores.parquet", "gone")]
    assert touched(home, "mood/001") == []
    (home / "runs/mood/001/manifest.json").write_text("{")
    assert touched(home, "mood/001") == [("mood/001", "manifest.json", "changed")]


def test_a_file_beside_the_student_that_no_stage_lists(home: Path) -> None:
    """The comparison read the whole folder, so what is added there is seen as well."""
    run = RunDir(home, "mood", 1)
    entry = run.manifest()["stages"]["evaluate"]
    entry["reads"]["file:student"] = "0" * 32
    run.record("evaluate", entry)
    assert touched(home, "mood/001") == [("mood/001", "student", "changed")]


def test_a_report_that_is_due_again_is_no_alarm(home: Path) -> None:
    """While a student trains anew a first page stands in its place."""
    run = RunDir(home, "mood", 1)
    (run.path / "report.html").write_text("first page")
    assert touched(home, "mood/001") == [("mood/001", "report.html", "changed")]
    entry = run.manifest()["stages"]["export"]
    run.record("export", entry | {"started": 9e9})
    assert touched(home, "mood/001") == []


@pytest.mark.parametrize("fate", ["changed", "gone", "added"])
def test_files_of_a_student(home: Path, fate: str) -> None:
    folder = home / "registry/mood" / promote("mood/001", home).student.folder
    folder.chmod(0o755)
    file = folder / ("new.txt" if fate == "added" else "student.md")
    if fate == "gone":
        file.unlink()
    else:
        file.unlink(missing_ok=True)
        file.write_text("other")
    (where, name, what), *more = touched(home)
    assert (where, name, what, more) == (f"registry/mood/students/{folder.name}", file.name, fate, [])


def test_the_record_itself(home: Path) -> None:
    folder = home / "registry/mood" / promote("mood/001", home).student.folder
    record = folder / ENTRY
    folder.chmod(0o755)
    record.chmod(0o644)
    said = json.loads(record.read_bytes())
    record.write_text(json.dumps(said | {"teacher": "a better one"}))
    assert touched(home) == [(f"registry/mood/students/{folder.name}", ENTRY, "changed")]
    more = said | {"of_a_later_version": 1}
    record.write_text(json.dumps(more | {"seal": seal_of(more)}))
    assert touched(home) == []
    record.unlink()
    found = touched(home)
    assert found[0] == (f"registry/mood/students/{folder.name}", ENTRY, "gone")
    with pytest.raises(UsageError, match="serves no more"):
        TaskRegistry(home, "mood").students()


def test_an_alias_that_leads_nowhere(home: Path) -> None:
    promote("mood/001", home)
    link = home / "registry/mood/current"
    link.unlink()
    link.symlink_to("students/009-000000000000")
    assert ("registry/mood", "current", "changed") in touched(home)


def test_students_of_a_task_whose_runs_are_gone_and_a_name_of_nothing(home: Path) -> None:
    promote("mood/001", home)
    (home / "runs").rename(home / "gone")
    found = integrity.verify("mood", home)
    assert (found.runs, found.students, list(found.touched)) == (0, 1, [])
    with pytest.raises(UsageError, match="no run 'other'"):
        integrity.verify("other", home)
