"""`distill refresh` as it is typed: the plan first, and a run where it is to be done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from in_process import Distill


@pytest.fixture
def changed(finished_moods: Path) -> Path:
    """A finished run, and another prompt of the teacher since."""
    prompt = finished_moods.parent / "teacher.md"
    prompt.write_text(f"Be exact. {prompt.read_text()}")
    return finished_moods


def runs(task: Path) -> list[str]:
    return sorted(path.name for path in next((task.parent / "runs").iterdir()).iterdir() if path.is_dir())


def test_without_a_change_there_is_nothing_to_do(finished_moods: Path, distill: Distill) -> None:
    for more in ((), ("--apply",), ("--max-usd", "5")):
        said = distill("refresh", finished_moods, *more)
        assert (said.code, said.out.splitlines()[-1]) == (0, "nothing changed since run moods/001: nothing was asked, and no run is opened")
    assert json.loads(distill("refresh", finished_moods, "--json").out)["unchanged"]
    assert runs(finished_moods) == ["001"]


def test_the_plan_comes_first_and_says_how_to_go_on(changed: Path, distill: Distill) -> None:
    said = distill("refresh", changed)
    assert said.code == 0, said
    assert "changed since run moods/001: teacher.md" in said.out
    assert "differ (95 % interval)" in said.out
    assert runs(changed) == ["001"]
    command = next(line for line in said.out.splitlines() if line.startswith("go on: ")).removeprefix("go on: distill ")
    again = distill(*command.split())
    assert again.code == 0, again
    assert runs(changed) == ["001", "002"]
    assert distill("refresh", changed).out.startswith("nothing changed since run moods/002")


def test_dollars_that_cover_the_plan_are_leave_to_go_on(changed: Path, distill: Distill) -> None:
    """The scripted teacher costs nothing, so any limit covers it."""
    assert distill("refresh", changed, "--max-usd", "1").code == 0
    assert runs(changed) == ["001", "002"]


def test_a_plan_as_json_is_one_object(changed: Path, distill: Distill) -> None:
    found = json.loads(distill("refresh", changed, "--json").out)
    assert (found["run"], found["applied"], found["unchanged"]) == ("moods/001", False, False)
    assert {"stratum", "rows", "answered", "changed", "relabel", "why"} <= found["strata"][0].keys()
    applied = json.loads(distill("refresh", changed, "--json", "--apply").out)
    assert applied["name"] == "moods/002"


def test_a_teacher_that_is_not_there_changes_nothing(finished_moods: Path, distill: Distill) -> None:
    said = distill("refresh", finished_moods, "--teacher", "gpt-4o-mini")
    assert said.code == 6
    assert "OPENAI_API_KEY" in said.err
    assert runs(finished_moods) == ["001"]


def test_a_preview_of_a_first_run_that_is_not_there_says_what_to_do(task: Path, distill: Distill) -> None:
    said = distill("refresh", task)
    assert said.code == 2
    assert "has no run to refresh yet" in said.err
