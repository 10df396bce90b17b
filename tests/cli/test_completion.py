"""What Tab offers."""

from __future__ import annotations

from pathlib import Path

import pytest
from ended import Distill

from distill.cli import completion


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two tasks, one of them with two runs; the shell stands in a folder of the project."""
    for name in ("triage", "routing"):
        (tmp_path / "prompts" / name).mkdir(parents=True)
        (tmp_path / "prompts" / name / "task.yaml").write_text(
            f"# a task\ntask: {name}  # its name\nseeds: {{from: a}}\n"
        )
    for number in ("001", "002", "notes"):
        (tmp_path / "runs" / "triage" / number).mkdir(parents=True)
    (tmp_path / "runs" / "triage" / "002" / "task.yaml").write_text("task: copy\n")
    monkeypatch.chdir(tmp_path / "prompts")
    return tmp_path


@pytest.mark.usefixtures("project")
def test_tasks_and_runs_of_the_project_are_offered() -> None:
    assert completion.tasks("") == ["routing", "triage"]
    assert completion.tasks("tr") == ["triage"]
    assert completion.runs("") == ["latest", "triage", "triage/002", "triage/001"]
    assert completion.runs("triage/") == ["triage/002", "triage/001"]


def test_nothing_is_offered_where_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "task.yaml").write_bytes(b"\xff\xfe\x00 no spec")
    monkeypatch.chdir(tmp_path)
    assert completion.tasks("") == completion.runs("") == []


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["distill", "cal"], ["calibrate"]),
        (["distill", "run", "tri"], ["triage"]),
        (["distill", "show", "triage/"], ["triage/002", "triage/001"]),
        (["distill", "plan", "--no"], ["--no-pilot"]),
    ],
)
def test_bash_asks_and_is_answered(
    words: list[str], offered: list[str], monkeypatch: pytest.MonkeyPatch, distill: Distill
) -> None:
    monkeypatch.setenv("_DISTILL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    said = distill()
    assert (said.code, said.out.split(), said.err) == (0, offered, "")
