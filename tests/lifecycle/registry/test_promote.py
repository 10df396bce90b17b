"""A run's student becomes the one that serves, and the one before it serves again; whatever ends the process, a whole one does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from ended import Distill
from promotable import run as run_task

from distill.errors import GateNotMet, UsageError
from distill.lifecycle import clean
from distill.lifecycle.registry import integrity
from distill.lifecycle.registry.history import history
from distill.lifecycle.registry.promote import promote, rollback
from distill.lifecycle.registry.task_registry import TaskRegistry, numbers_of
from distill.rundir import RunDir, file_hash


def current(home: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((home / "registry/mood/current.json").read_bytes())
    return found


def test_what_servers_read_is_whole_and_cannot_be_written(home: Path) -> None:
    moved = promote("mood/001", home)
    registry = home / "registry/mood"
    said = current(home)
    assert (said["number"], said["run"], moved.before, moved.switched) == (1, "mood/001", None, True)
    assert said["serve"] == {"linear": "student/linear.npz"}
    assert said["texts"] == {"prompt": "student.md", "schema": "answer.schema.json"}
    assert said["teacher"] == "scripted"
    assert str(said["asked"]).endswith("+00:00")
    assert said["verdict"]["word"] == "distil"  # type: ignore[index]  # an object
    assert (registry / "current/student/linear.npz").read_bytes() == (
        home / "runs/mood/001/student/linear.npz"
    ).read_bytes()
    assert (registry / "current/student.md").read_bytes() == (home / "student.md").read_bytes()
    every = list((registry / "students").rglob("*"))
    assert every
    assert not [path for path in every if path.stat().st_mode & 0o222]
    assert integrity.verify("mood", home).touched == []


def test_the_same_student_again_is_the_same_entry(home: Path) -> None:
    promote("mood/001", home)
    assert not promote("mood/001", home).switched
    promote("mood/002", home, anyway=True)
    assert promote("mood/001", home).student.number == 1
    assert len(TaskRegistry(home, "mood").folders()) == 2
    assert rollback("mood", home).student.number == 2  # what served before run 001 was promoted again
    assert rollback("mood", home).student.number == 1
    with pytest.raises(UsageError, match="no student before the current one"):
        rollback("mood", home)


def test_back_to_a_number(home: Path) -> None:
    promote("mood/001", home)
    promote("mood/002", home, anyway=True)
    assert rollback("mood/002", home, to=1).student.number == 1
    assert [one.by for one in history("mood", home).switches] == ["promote", "promote", "rollback"]
    with pytest.raises(UsageError, match="has no student 7; there are 1, 2"):
        rollback("mood", home, to=7)


def test_a_student_that_is_not_worth_it_needs_a_word(home: Path) -> None:
    path = home / "runs/mood/002/comparison.json"
    found = json.loads(path.read_bytes())
    found["verdict"] = {"word": "do not distil", "sentences": ["Do not distil: it loses."], "rows_needed": None}
    path.write_text(json.dumps(found))
    with pytest.raises(UsageError, match=r"comparison\.json is changed since"):  # a hand that wrote it is seen
        promote("mood/002", home, anyway=True)
    manifest = RunDir(home, "mood", 2)
    entry = manifest.manifest()["stages"]["evaluate"]
    entry["outputs"]["comparison.json"] = file_hash(path)
    manifest.record("evaluate", entry)
    with pytest.raises(
        GateNotMet, match=r"not promoted: its verdict is 'do not distil': Do not distil: it loses\. --anyway"
    ):
        promote("mood/002", home)
    assert not (home / "registry/mood/current").is_symlink()
    assert "it loses" in promote("mood/002", home, anyway=True).student.anyway


def test_a_student_that_was_never_compared_needs_a_word_too(home: Path) -> None:
    run = RunDir(home, "mood", 1)
    manifest = run.manifest()
    del manifest["stages"]["evaluate"]
    run.note(**manifest)
    (run.path / "comparison.json").unlink()
    with pytest.raises(GateNotMet, match=r"never compared \(`distill evaluate mood/001` does\)"):
        promote("mood/001", home)
    assert promote("mood/001", home, anyway=True).student.verdict is None


def _half_deleted(home: Path) -> None:
    (home / "runs/mood/001/student/linear.npz").unlink()


def _rewritten(home: Path) -> None:
    (home / "runs/mood/001/student/linear.npz").write_bytes(b"other")


def _no_spec(home: Path) -> None:
    (home / "runs/mood/001/spec.json").unlink()


def _other_base(home: Path) -> None:
    path = home / "runs/mood/001/spec.json"
    path.write_text(path.read_text().replace('"base": "', '"base": "not-'))
    run = RunDir(home, "mood", 1)
    train = run.manifest()["stages"]["train"]
    train["reads"]["spec:student.train.base"] = "0" * 16
    run.record("train", train)


def _other_prompt(home: Path) -> None:
    (home / "student.md").write_text("Mood now?\n[user]\n{{message}}\n")


def _no_schema(home: Path) -> None:
    (home / "answer.schema.json").unlink()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_half_deleted, "has no student to promote; `distill train mood/001`"),
        (_rewritten, "linear.npz is changed since mood/001 was made"),
        (_no_spec, "spec.json cannot be read"),
        (_other_base, "was tuned on another; `distill run mood`"),
        (_other_prompt, "student.md is changed since run mood/001"),
        (_no_schema, "answer.schema.json is gone since run mood/001"),
    ],
)
def test_a_run_that_is_not_as_it_was_is_refused_and_nothing_is_switched(
    home: Path, harm: Callable[[Path], None], said: str
) -> None:
    harm(home)
    with pytest.raises(UsageError, match=said):
        promote("mood/001", home, anyway=True)
    assert not (home / "registry").exists()


def test_a_run_folder_that_was_moved_with_its_project_and_one_alone(home: Path, tmp_path: Path) -> None:
    moved = home.rename(tmp_path / "elsewhere")
    assert promote("mood/001", moved).switched
    alone = tmp_path / "third" / "runs" / "mood" / "001"
    shutil.copytree(moved / "runs/mood/001", alone)
    with pytest.raises(UsageError, match="no spec at"):
        promote(str(alone), tmp_path / "third")


def test_a_touched_student_is_no_way_back(home: Path) -> None:
    promote("mood/001", home)
    promote("mood/002", home, anyway=True)
    file = home / "registry/mood" / TaskRegistry(home, "mood").folders()[0] / "student/linear.npz"
    file.chmod(0o644)
    file.write_bytes(b"x")
    with pytest.raises(UsageError, match=r"student 1: student/linear.npz is changed.*nothing was switched"):
        rollback("mood", home)
    assert current(home)["number"] == 2
    assert promote("mood/001", home).student.number == 3  # the run is whole: it is copied again


def test_two_at_once_one_is_refused(home: Path) -> None:
    promote("mood/001", home)
    with TaskRegistry(home, "mood").lock(), pytest.raises(UsageError, match="registry/mood is held by process"):
        promote("mood/002", home, anyway=True)
    with RunDir(home, "mood", 2).lock(), pytest.raises(UsageError, match="run mood/002 is held by process"):
        promote("mood/002", home, anyway=True)
    assert current(home)["number"] == 1
    assert history("mood", home).current == 1


def test_clean_leaves_a_promoted_run_and_every_student(home: Path) -> None:
    planned = clean.plan("mood/001", home)
    promote("mood/001", home)
    assert "promoted (student 1 of registry/mood)" in clean.plan("mood", home).kept[-1].why
    assert "promoted" in clean.remove(planned).kept[0].why  # planned before it was
    assert numbers_of(RunDir(home, "mood", 1)) == [1]


def test_commands(home: Path, distill: Distill) -> None:
    said = distill("promote", "mood/001", "--home", home)
    assert said.code == 0
    assert "student 1 of mood, from run mood/001, serves now" in said.out
    assert json.loads(distill("promote", "mood/002", "--anyway", "--json", "--home", home).out)["before"] == 1
    shown = distill("history", "mood", "--home", home).out
    assert "*   2  mood/002" in shown
    assert "teacher scripted (asked 20" in shown
    assert "serves now" in distill("rollback", "mood", "--home", home).out
    assert json.loads(distill("history", "mood", "--json", "--home", home).out)["current"] == 1
    assert distill("verify", "--home", home).code == 0
    (home / "runs/mood/001/train.jsonl").write_text("")
    touched = distill("verify", "mood/001", "--home", home)
    assert touched.code == 4
    assert "mood/001: train.jsonl changed (written by export)" in touched.out


def test_spec_was_run_again(home: Path) -> None:
    """A run with other settings is another student, and the promoted one stays what it was."""
    promote("mood/002", home, anyway=True)
    was = (home / "registry/mood/current/student/linear.npz").read_bytes()
    run_task(home, "dedup.near=0.8")
    assert (home / "registry/mood/current/student/linear.npz").read_bytes() == was
