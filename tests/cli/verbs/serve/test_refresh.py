"""`distill refresh` as it is typed: the plan first, and a run where it is to be done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from in_process import Distill


@pytest.fixture
def finished(task: Path, distill: Distill) -> Path:
    """A finished run, without known answers."""
    task.write_text(task.read_text().replace(", gold: expected", ""))
    assert distill("run", task).code == 0
    return task


@pytest.fixture
def changed(finished: Path) -> Path:
    """And another prompt of the teacher since."""
    prompt = finished.parent / "teacher.md"
    prompt.write_text(f"Be exact. {prompt.read_text()}")
    return finished


def runs(task: Path) -> list[str]:
    return sorted(path.name for path in next((task.parent / "runs").iterdir()).iterdir() if path.is_dir())


def test_without_a_change_there_is_nothing_to_do(finished: Path, distill: Distill) -> None:
    for more in ((), ("--apply",), ("--max-usd", "5")):
        said = distill("refresh", finished, *more)
        assert (said.code, said.out.splitlines()[-1]) == (
            0,
            "nothing changed since run mood/001: nothing was asked, and no run is opened",
        )
    assert json.loads(distill("refresh", finished, "--json").out)["unchanged"]
    assert runs(finished) == ["001"]


def test_to_grow_where_nothing_is_missed_says_so(finished: Path, distill: Distill) -> None:
    said = distill("refresh", finished, "--grow", "20")
    assert said.code == 0
    assert (
        said.out.splitlines()[-2]
        == "no stratum grows: the student misses in none of them clearly more than in the others"
    )
    assert distill("refresh", finished, "--grow", "0").code == 2
    assert runs(finished) == ["001"]


def test_the_plan_comes_first_and_says_how_to_go_on(changed: Path, distill: Distill) -> None:
    said = distill("refresh", changed)
    assert said.code == 0, said
    assert "changed since run mood/001: teacher.md" in said.out
    assert "differ (95 % interval)" in said.out
    assert runs(changed) == ["001"]
    command = next(line for line in said.out.splitlines() if line.startswith("go on: ")).removeprefix("go on: distill ")
    again = distill(*command.split())
    assert again.code == 0, again
    assert runs(changed) == ["001", "002"]
    assert distill("refresh", changed).out.startswith("nothing changed since run mood/002")


def test_dollars_that_cover_the_plan_are_leave_to_go_on(changed: Path, distill: Distill) -> None:
    """The scripted teacher costs nothing, so any limit covers it."""
    assert distill("refresh", changed, "--max-usd", "1").code == 0
    assert runs(changed) == ["001", "002"]


def test_a_plan_as_json_is_one_object(changed: Path, distill: Distill) -> None:
    found = json.loads(distill("refresh", changed, "--json").out)
    assert (found["run"], found["applied"], found["unchanged"]) == ("mood/001", False, False)
    assert {"stratum", "rows", "answered", "changed", "relabel", "why"} <= found["strata"][0].keys()
    applied = json.loads(distill("refresh", changed, "--json", "--apply").out)
    assert applied["run"] == "mood/002"


def test_a_teacher_that_is_not_there_changes_nothing(finished: Path, distill: Distill) -> None:
    said = distill("refresh", finished, "--teacher", "gpt-4o-mini")
    assert said.code == 6
    assert "OPENAI_API_KEY" in said.err
    assert runs(finished) == ["001"]


def test_a_preview_of_a_first_run_that_is_not_there_says_what_to_do(task: Path, distill: Distill) -> None:
    said = distill("refresh", task)
    assert said.code == 2
    assert "has no run to refresh yet" in said.err


def test_where_known_answers_train_there_is_no_answer_of_a_teacher_to_ask_anew(
    finished_moods: Path, distill: Distill
) -> None:
    said = distill("refresh", finished_moods, "--teacher", "gpt-4o-mini")
    assert said.code == 0
    assert "no training row has an answer of a teacher" in said.out
