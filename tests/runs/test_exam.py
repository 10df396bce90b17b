"""A teacher that cannot do the task is found out before the bulk is paid for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.errors import GateNotMet
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.plan import plan as planning
from distill.plan.exams import taken
from distill.task import stores
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent

EXAM = "teacher.exam={rows: 24}"


def opened(task: Path, *sets: str) -> Task:
    return open_task(task, overrides=sets, env={})


def run(task: Path, *sets: str, anyway: bool = False) -> Run:
    return running.start(opened(task, *sets), stages=ORDER, watch=Silent(), anyway=anyway)


def stored(task: Path) -> int:
    with stores.opened(opened(task).home) as store:
        return int(store.query("SELECT count(*) FROM answers").fetchone()[0])


@pytest.fixture
def able(task: Path) -> Path:
    """Rows whose known answers are those of the scripted teacher."""
    result = run(task, "dataset.accept=null")
    said = dict(result.samples.select("input", "answer").iter_rows())
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    for row in rows:
        row["expected"] = json.loads(said[row["message"]]) if row["message"] in said else row["expected"]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for number in (task.parent / "runs" / "mood").iterdir():
        number.rename(task.parent / f"old {number.name}")
    (task.parent / ".distill").rename(task.parent / "old store")
    return task


def test_the_run_stops_before_the_bulk_and_goes_on_anyway(task: Path) -> None:
    """Every known answer is glad, and the scripted teacher says either: the commonest answer is better than it."""
    with pytest.raises(GateNotMet, match=r"commonest answer to everything gets 100\.0 %.*--anyway"):
        run(task, EXAM)
    assert stored(task) == 24 + 10
    result = run(task, EXAM, anyway=True)
    assert result.exit_code == 0
    found = json.loads((result.folder / "exam.json").read_bytes())
    assert (found["rows"], found["model"], found["commonest"]["mean"]) == (24, "scripted", 1.0)
    assert (
        "| the commonest answer, for every row | 100.0 % (86 % to 100 %)" in (result.folder / "REPORT.md").read_text()
    )
    assert json.loads((result.folder / "report.json").read_bytes())["exam"] == found
    assert "file:exam.json" in json.loads((result.folder / "manifest.json").read_bytes())["stages"]["report"]["reads"]


def test_a_teacher_that_can_goes_on_and_its_exam_is_not_paid_twice(able: Path) -> None:
    found = taken([opened(able, EXAM)], Silent())
    assert found[0].teacher is not None
    assert found[0].teacher.mean == 1
    assert stored(able) == 34
    plan = planning.plan(opened(able, EXAM), pilot=4)
    assert plan.pilot is not None
    assert plan.pilot.exam is not None
    assert plan.pilot.exam.teacher == found[0].teacher
    run(able, EXAM, "dataset.accept=null")
    assert stored(able) == 36 + 12 + 10, "training rows, test rows, and second answers of the exam: each once"


def test_a_bar_of_ones_own_stops_with_exit_code_4(able: Path) -> None:
    rows = [json.loads(line) for line in (able.parent / "seeds.jsonl").read_text().splitlines()]
    for row in rows[::3]:
        row["expected"] = {"mood": "cross" if row["expected"]["mood"] == "glad" else "glad"}
    (able.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(GateNotMet, match="at_least is 90") as fault:
        run(able, "teacher.exam={rows: 30, at_least: 0.9}")
    assert fault.value.exit_code == 4


def test_no_exam_where_none_is_wanted_or_no_training_row_is_asked(task: Path) -> None:
    none = run(task)
    assert json.loads((none.folder / "exam.json").read_bytes()) == {}
    assert json.loads((none.folder / "report.json").read_bytes())["exam"] is None
    approved = ("seeds.gold_rows=train", "seeds.test={share: 0.25, gold: true}", EXAM)
    result = run(task, *approved)
    assert json.loads((result.folder / "exam.json").read_bytes()) == {}


def test_without_known_answers_there_is_none(task: Path) -> None:
    assert json.loads((run(task, "seeds.gold=null", EXAM).folder / "exam.json").read_bytes()) == {}


def test_several_teachers_and_prompts_sit_on_the_same_rows(able: Path) -> None:
    (able.parent / "other.md").write_text("Another prompt.\n[user]\n{{message}}\n")
    found = taken([opened(able, EXAM), opened(able, EXAM, "teacher.prompt=other.md")], Silent())
    assert [one.prompt for one in found] == ["teacher.md", "other.md"]
    assert found[0].commonest == found[1].commonest
