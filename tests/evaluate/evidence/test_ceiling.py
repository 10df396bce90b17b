from __future__ import annotations

from pathlib import Path

import pytest

from distill.atomic_write import write_json
from distill.evaluate.evidence.ceiling import ExamMarks, ceiling_of, read_marks, sentences
from distill.rundir import RunDir
from distill.stats import Estimate

ITSELF, RIGHT = Estimate(0.95, 0.84, 0.99, 40), Estimate(0.9, 0.78, 0.96, 40)


def test_the_student_is_told_as_a_share_of_both_and_never_of_one_by_the_other() -> None:
    found = ceiling_of(
        ExamMarks(ITSELF, RIGHT),
        agreement=Estimate(0.9, 0.84, 0.94, 150),
        student=Estimate(0.8, 0.73, 0.86, 150),
        teacher=Estimate(0.9, 0.84, 0.94, 150),
    )
    assert found is not None
    assert found.of_itself is not None
    assert found.of_correct is not None
    assert found.of_itself.mean == pytest.approx(0.9 / 0.95)
    assert found.of_correct.mean == pytest.approx(0.8 / 0.9)
    agreed, right = sentences(found)
    assert agreed.startswith(
        "Asked twice, the teacher agrees with itself in 95 % (n = 40); the student's agreement with it is 95 % ("
    )
    assert right.startswith("Of the known answers of the test rows, the student has 89 % (")


def test_few_rows_give_no_share() -> None:
    few = Estimate(0.9, 0.5, 0.99, 9)
    found = ceiling_of(ExamMarks(few, few), agreement=RIGHT, student=None, teacher=None)
    assert found is not None
    assert found.of_itself is None
    assert sentences(found) == []
    assert ceiling_of(ExamMarks(), agreement=RIGHT, student=None, teacher=None) is None
    assert sentences(None) == []


def test_the_marks_are_those_of_the_exam(tmp_path: Path) -> None:
    folder = RunDir(tmp_path, "mood", 1)
    folder.path.mkdir(parents=True)
    assert read_marks(folder) == ExamMarks()
    write_json(folder.path / "exam.json", {})
    assert read_marks(folder) == ExamMarks()
    marks = {"mean": 0.95, "low": 0.84, "high": 0.99, "n": 40, "small": False}
    write_json(folder.path / "exam.json", {"model": "t", "itself": marks, "teacher": None})
    assert read_marks(folder) == ExamMarks(ITSELF, None)
