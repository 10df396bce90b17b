"""A task and a run are named alike for every verb."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.atomic_write import write_json
from distill.errors import UsageError
from distill.pipeline.arguments import place_of, run_of, spec_of


@pytest.fixture
def home(task: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the task in prompts/mood and two runs of it; it is the working folder."""
    folder = task.parent / "prompts" / "mood"
    folder.mkdir(parents=True)
    task.rename(folder / "task.yaml")
    for number in ("001", "002"):
        write_json(task.parent / "runs" / "mood" / number / "manifest.json", {"run": f"mood/{number}", "stages": {}})
        (task.parent / "runs" / "mood" / number / "task.yaml").write_text("task: mood\n")
    monkeypatch.chdir(task.parent)
    return task.parent


@pytest.mark.parametrize(
    "given", ["mood", "mood/001", "latest", "runs/mood/001", "prompts/mood", "prompts/mood/task.yaml"]
)
def test_a_task_by_path_folder_name_or_run(home: Path, given: str) -> None:
    """A run's folder holds a copy of the spec, whose paths lead nowhere: its task's own spec is meant."""
    found = spec_of(Path(given)).resolve()
    assert found in (home / "prompts" / "mood", home / "prompts" / "mood" / "task.yaml")


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("mood", 2),
        ("mood/001", 1),
        ("latest", 2),
        ("runs/mood/001", 1),
        ("prompts/mood", 2),
        ("prompts/mood/task.yaml", 2),
    ],
)
def test_a_run_by_name_folder_or_task(home: Path, given: str, number: int) -> None:
    found = run_of(given, Path())
    assert (found.task, found.number) == ("mood", number)


def test_what_is_none_says_which_there_are_and_where_to_look(home: Path) -> None:
    with pytest.raises(UsageError, match=r"there are mood/001, mood/002.*--home FOLDER"):
        run_of("moods", Path())
    with pytest.raises(UsageError, match=r"says `task: moods`.*distill init moods"):
        spec_of(Path("moods"))


def test_two_specs_of_one_name_are_told_apart_by_their_paths(home: Path) -> None:
    (home / "other").mkdir()
    (home / "other" / "task.yaml").write_text("task: mood\n")
    with pytest.raises(UsageError, match="2 specs under"):
        spec_of(Path("mood"))


def test_a_name_outside_a_project_has_its_home_in_the_working_folder(task_folder: Path) -> None:
    """Where `status NAME` looks for it; a path that is given keeps the home beside the spec."""
    assert place_of(Path("mood")).home == Path.cwd()
    assert place_of(Path("prompts/mood")).home == task_folder.resolve()
    (task_folder / "runs").mkdir()
    assert place_of(Path("mood")).home == task_folder.resolve()
