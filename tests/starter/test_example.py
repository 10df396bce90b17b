"""A newcomer's first task: written, sound, and it runs to a report as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill import extras
from distill.errors import UsageError
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.starter import example
from distill.task.run import ORDER
from distill.teacher.progress import Silent


@pytest.mark.parametrize(("folder", "task"), [("my task", "my-task"), ("Ärger_2", "rger-2"), ("___", "my-task")])
def test_the_task_is_named_after_its_folder(tmp_path: Path, folder: str, task: str) -> None:
    example.write(tmp_path / folder)
    assert open_task(tmp_path / folder, env={}).spec.task == task


def test_the_first_task_has_enough_rows_to_train_a_student(tmp_path: Path) -> None:
    """With the scripted teacher in place of the embedded one: a dataset no tuner would refuse, and a report."""
    example.write(tmp_path / "first")
    sets = ["teacher.model=scripted", "evaluate.arms=[teacher]"]
    task = open_task(tmp_path / "first", overrides=sets, env={}, home=tmp_path)
    result = run.start(task, stages=("generate", "curate", "export"), watch=Silent())
    rows = (result.folder / "train.jsonl").read_bytes().count(b"\n")
    assert rows >= 150
    done = run.start(
        open_task(tmp_path / "first", overrides=[*sets, "student.train.with=none"], env={}, home=tmp_path),
        stages=ORDER,
        watch=Silent(),
    )
    verdict = json.loads((done.folder / "comparison.json").read_text())
    assert verdict["rows"] >= 60, "fewer rows would decide nothing"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "seeds.jsonl").write_text("mine")
    with pytest.raises(UsageError, match=r"already holds seeds\.jsonl"):
        example.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["seeds.jsonl"]


def test_what_the_first_task_lacks_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "EXTRAS", {"embedded": {"json": "here"}, "train": {"json": "here"}})
    assert example.missing() == []
    monkeypatch.setattr(extras, "EXTRAS", {"embedded": {"json": "here"}, "train": {"no_such_module_at_all": "gone"}})
    assert "needs the training libraries" in example.missing()[0]
    assert "pip install '" in example.missing()[0]
