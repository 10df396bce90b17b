"""A linear model beside a student, and as the student: trained in seconds, on no base."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.errors import SpecError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.progress import Silent

APPROVED = ("seeds.gold_rows=train", "seeds.test={share: 0.25, gold: true}", "dataset.accept=null")


@pytest.fixture
def approved(task: Path) -> Path:
    """120 rows with the answer that people approved; words tell the mood."""
    moods = ["glad" if n % 2 else "cross" for n in range(120)]
    words = {"glad": "thank you, lovely", "cross": "never again, awful"}
    rows = [
        {
            "message": f"{words[mood]} {n * 7919} {n * 104729 % 9973}",
            "kind": "ab"[n % 3 % 2],
            "expected": {"mood": mood},
        }
        for n, mood in enumerate(moods)
    ]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


def run(task: Path, *sets: str) -> Run:
    named = (*APPROVED, *sets)
    return running.start(open_task(task, overrides=named, env={}), stages=ORDER, watch=Silent())


def comparison(result: Run) -> dict[str, object]:
    found: dict[str, object] = json.loads((result.folder / "comparison.json").read_bytes())
    return found


def test_the_student_is_a_linear_model_that_needs_no_base(approved: Path) -> None:
    result = run(approved, "student.train.with=linear", "evaluate.arms=[teacher, student]")
    found = comparison(result)
    assert set(found["arms"]) == {"teacher", "student"}
    assert found["arms"]["student"]["metrics"]["json_fields"]["mean"] == 1.0
    assert found["arms"]["student"]["usd_per_1000"] == 0
    assert (result.folder / "student" / "linear.npz").exists()
    assert result.verdict.word == "distil"
    again = run(approved, "student.train.with=linear", "evaluate.arms=[teacher, student]")
    assert "train" in again.skipped
    assert "evaluate" in again.skipped


def test_the_arm_stands_beside_the_others_and_is_made_once(approved: Path) -> None:
    found = comparison(run(approved, "evaluate.arms=[teacher, linear]"))
    assert found["arms"]["linear"]["metrics"]["json_fields"]["mean"] == 1.0
    found = comparison(run(approved, "student.train.with=linear", "evaluate.arms=[teacher, linear, student]"))
    assert set(found["arms"]) == {"teacher", "student"}


def test_answers_of_free_text_have_no_arm_and_no_such_student(approved: Path) -> None:
    rows = [json.loads(line) for line in (approved.parent / "seeds.jsonl").read_text().splitlines()]
    for n, row in enumerate(rows):
        row["expected"] = f"We are sorry about number {n * 7919}."
    (approved.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    plain = ("teacher.output=null", "gates=[finish_reason]")
    found = comparison(run(approved, *plain, "evaluate.arms=[teacher, linear]"))
    assert set(found["arms"]) == {"teacher"}
    assert [one for one in found["warnings"] if "the linear model is left out" in one]
    with pytest.raises(SpecError, match=r"the 120 known answers hold 120 values of 'answer'; list the values"):
        run(approved, *plain, "student.train.with=linear", "evaluate.arms=[teacher, student]")
