"""Two teachers, no known answers: a new student never "wins" by agreeing with its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from two_teachers import many, serve

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.progress import Silent


async def refreshed(folder: Path, *, gold: str = "", models: tuple[str, ...] = ("old", "new")) -> list[Run]:
    """A run, and a refresh of it by each further teacher in turn."""
    spec, runs = many(folder, rows=300, gold=gold), []
    async with serve() as teachers:
        for model in models:
            task = open_task(spec, overrides=[f"teacher.model={model}"], env={"OPENAI_BASE_URL": teachers.base_url})
            runs.append(await running.work(task, stages=ORDER, watch=Silent(), refresh=bool(runs)))
    return runs


def part(run: Run, name: str) -> Any:
    return json.loads((run.folder / "report.json").read_bytes())[name]


async def test_each_students_agreement_with_either_teacher_is_shown_apart(tmp_path: Path) -> None:
    """There and back: each switch would "win" against the one before."""
    runs = await refreshed(tmp_path, models=("old", "new", "old"))
    for run, (now, before) in zip(runs[1:], (("new", "old"), ("old", "new")), strict=True):
        told = part(run, "previous")["sentences"]
        assert told[0].startswith("Neither student can be called better: no answer is known to be right")
        both = part(run, "by_teacher")
        assert [row["teacher"] for row in both] == [now, before]
        assert both[0]["student"]["mean"] > both[0]["previous"]["mean"]
        assert both[1]["student"]["mean"] < both[1]["previous"]["mean"]
        assert f"With {before} the new student agrees" in told[2]
        assert {gap["metric"] for gap in part(run, "differences") if gap["b"] == "previous"} == {"schema"}
        assert told[0] in (run.folder / "REPORT.md").read_text()


@pytest.mark.parametrize("gold", ["old", "new"])
async def test_known_answers_decide_between_the_students(tmp_path: Path, gold: str) -> None:
    """They are the same measure for both, whoever taught them."""
    new = (await refreshed(tmp_path, gold=gold))[1]
    assert part(new, "by_teacher") == []
    told = part(new, "previous")["sentences"][0]
    assert told.startswith("The new student is worse" if gold == "old" else "The new student is better")


async def test_one_teacher_is_a_measure_for_both(tmp_path: Path) -> None:
    """Another name for a teacher that answers the same: agreement with it compares the two students."""
    new = (await refreshed(tmp_path, models=("old", "old-2")))[1]
    assert part(new, "by_teacher") == []
    assert "not clearly different from" in part(new, "previous")["sentences"][0]
