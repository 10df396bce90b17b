"""`distill status --all`: every task of a project, from any folder, in 80 columns, whatever is broken in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ended import Distill, refused

ENDS = """\
task: triage
seeds: {from: seeds.jsonl}
teacher: {model: my-model, base_url: "http://localhost:9/v1", shutdown_date: "2020-01-31"}
"""


@pytest.fixture
def project(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two finished runs of mood, and a task without a run whose teacher is gone; the working folder is elsewhere."""
    (home / "prompts" / "triage").mkdir(parents=True)
    (home / "prompts" / "triage" / "task.yaml").write_text(ENDS)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return home


def status(distill: Distill, project: Path, *more: str, code: int = 0) -> dict[str, Any]:
    said = distill("status", "--all", "--home", project, "--json", *more)
    assert said.code == code, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_tasks_with_their_runs_models_and_what_is_due(project: Path, distill: Distill) -> None:
    assert distill("promote", "mood/001", "--anyway", "--home", project).code == 0
    mood, triage = status(distill, project)["tasks"]
    assert (mood["task"], mood["spec"], mood["newest"]["run"], mood["newest"]["state"]) == (
        "mood", "task.yaml", "mood/002", "finished",
    )  # fmt: skip
    assert (mood["serves"]["number"], mood["serves"]["run"]) == (1, "mood/001")
    assert (mood["usd"], mood["broken"]) == (0.0, [])
    assert [one["kind"] for one in mood["due"]] == ["promote"]
    assert (triage["newest"], triage["models"][0]["shutdown_date"]) == (None, "2020-01-31")


def test_lines_fit_80_columns_and_say_what_is_due_and_how(project: Path, distill: Distill) -> None:
    said = distill("status", "--all", "--home", project)
    assert said.code == 0
    assert said.out.startswith("2 tasks on 20")
    assert max(map(len, said.out.splitlines())) <= 80
    for part in (
        "  newest    mood/002, finished 20", "  serves    nothing promoted", "my-model at localhost, ended 2020-01-31 (spec)",
        "due now", "triage: the teacher my-model ended on 2020-01-31", "distill refresh triage --teacher OTHER",
    ):  # fmt: skip
        assert part in said.out


def test_exit_code_4_where_something_is_due_and_only_if_asked(project: Path, distill: Distill) -> None:
    status(distill, project)
    status(distill, project, "--due", code=4)
    (project / "prompts" / "triage" / "task.yaml").unlink()
    assert distill("promote", "mood/002", "--anyway", "--home", project).code == 0
    assert status(distill, project, "--due")["due"] == []


def test_a_refresh_is_due_by_age(project: Path, distill: Distill) -> None:
    spec = project / "task.yaml"
    spec.write_text(spec.read_text() + "refresh: {every: 30}\n")
    (one,) = status(distill, project)["tasks"][0]["due"][:1]
    assert (one["kind"], one["now"]) == ("age", False)
    assert one["days"] >= 29


def test_what_is_broken_is_named_and_hides_nothing(project: Path, distill: Distill) -> None:
    (project / "runs" / "mood" / "002" / "manifest.json").write_text("{")
    (project / "prompts" / "triage" / "task.yaml").write_text(ENDS.replace("seeds:", "sedes:"))
    (project / "other").mkdir()
    (project / "other" / "task.yaml").write_text("- no task")
    (project / "runs" / "gone" / "003").mkdir(parents=True)
    (project / "runs" / "gone" / "003" / "report.html").touch()
    (project / ".distill" / "answers.db").write_bytes(b"no store at all, but a text of some length" * 40)
    found = status(distill, project, "--due", code=4)
    by_name = {one["task"]: one for one in found["tasks"]}
    assert list(by_name) == ["gone", "mood", "triage"]
    assert by_name["mood"]["newest"]["run"] == "mood/001"
    assert "run mood/002" in by_name["mood"]["broken"][0]
    assert "manifest.json is gone" in by_name["gone"]["broken"][0]
    assert "sedes" in by_name["triage"]["broken"][0]
    assert [one.split(":")[0] for one in found["broken"]] == ["the answer store", "other/task.yaml"]
    said = distill("status", "--all", "--home", project)
    assert said.code == 0
    assert "cannot be read: other/task.yaml" in said.out
    assert max(len(line) for line in said.out.splitlines() if "/" not in line) <= 80


def test_two_specs_of_one_name(project: Path, distill: Distill) -> None:
    (project / "copy").mkdir()
    (project / "copy" / "task.yaml").write_text(ENDS)
    triage = status(distill, project)["tasks"][1]
    assert triage["broken"] == ["2 specs have this name: copy/task.yaml, prompts/triage/task.yaml"]


def test_an_empty_project_and_what_does_not_go_together(tmp_path: Path, distill: Distill) -> None:
    said = distill("status", "--all", "--home", tmp_path)
    assert said.out.startswith("0 tasks on ")
    assert "distill init" in said.out
    refused(distill("status", "mood", "--all"), "'mood' is for one")
    refused(distill("status", "--due", "--set", "a=b"), "'--set' is for one")
    refused(distill("status"), "Missing argument", "--all")


def test_asking_hosts_that_do_not_answer_changes_nothing(project: Path, distill: Distill) -> None:
    before = status(distill, project)
    assert status(distill, project, "--ask") == before
