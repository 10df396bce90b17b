"""Where a run stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.cli.text.status import status_lines
from distill.pipeline import run as running
from distill.pipeline.arguments import place_of
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.views.status import status


def test_status_names_every_stage_and_its_counts(task: Path) -> None:
    """The rows of `export` by their names, and no Python dict; a stage that is not done has a dash."""
    running.start(open_task(task, env={}), stages=ORDER[:3], watch=Silent())
    found = status(task, [])
    lines = {line.split()[0]: line for line in status_lines(found)}
    assert found.stages["report"] is None
    assert lines["report"].split() == ["report", "-"]
    rows = (found.stages["export"] or {})["rows"]
    assert f"rows (train {rows['train']}, valid {rows['valid']}, test {rows['test']})" in lines["export"]
    assert not any(mark in line for line in lines.values() for mark in "{}[]")


@pytest.mark.parametrize("given", ["mood", "prompts/mood"])
def test_status_finds_the_run_of_a_name(task_folder: Path, given: str) -> None:
    """Run by its name or by its path, from a folder that is no project."""
    assert status(Path("mood"), []).run is None
    place = place_of(Path(given))
    task = open_task(place.spec, env={}, home=place.home)
    running.start(task, stages=ORDER[:1], watch=Silent())
    assert (place.home / "runs" / "mood" / "001").is_dir()
    assert status(Path("mood"), []).run == "mood/001"
