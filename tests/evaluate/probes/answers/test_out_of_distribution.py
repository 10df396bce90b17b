from __future__ import annotations

from dataclasses import replace

import made_students
import pytest

from distill.evaluate.probes.answers.out_of_distribution import out_of_distribution
from distill.evaluate.probes.rows import AnsweredRow, ProbeRows

FAR = [f"квартальный отчёт номер {n} о погоде и урожае" for n in range(40)]


def made(*, far_right: float) -> ProbeRows:
    """80 rows like those of training, always right, and 40 of another world, right in a share."""
    rows = made_students.rows(made_students.healthy)
    answered = [*rows.answered, *(AnsweredRow(f"t{n:02}", text, "a", "b") for n, text in enumerate(FAR))]
    student = {row.seed_id: 1.0 for row in rows.answered} | {f"t{n:02}": float(n < far_right * 40) for n in range(40)}
    teacher = dict.fromkeys(student, 1.0)
    return replace(rows, answered=answered, scores={("student", "m"): student, ("teacher", "m"): teacher})


def test_a_student_that_falls_on_rows_far_from_training_fails_with_examples_of_them() -> None:
    (found,) = out_of_distribution(made(far_right=0.4))
    assert found.failed
    assert found.value == pytest.approx(60)
    assert found.examples[0].row.startswith("t")


def test_one_that_does_not_passes() -> None:
    assert out_of_distribution(made(far_right=1.0))[0].passed


def test_a_teacher_that_falls_there_too_is_no_fault_of_the_student() -> None:
    rows = made(far_right=0.4)
    assert out_of_distribution(replace(rows, scores={**rows.scores, ("teacher", "m"): rows.scores["student", "m"]}))[
        0
    ].passed


def test_few_rows_are_said() -> None:
    (found,) = out_of_distribution(made_students.rows(made_students.healthy, n=40))
    assert "60 are needed" in found.reason


def test_rows_that_belong_together_widen_the_interval() -> None:
    """Ten far rows of one conversation that fail together are not ten failures."""
    rows = made(far_right=0.4)
    alone = out_of_distribution(rows)[0]
    clusters = {row.seed_id: row.seed_id[:2] for row in rows.answered if row.seed_id.startswith("t")}
    grouped = replace(rows, answered=[replace(row, cluster=clusters.get(row.seed_id, "")) for row in rows.answered])
    together = out_of_distribution(grouped)[0]
    assert alone.value == together.value
    assert alone.low is not None
    assert together.low is not None
    assert together.low < alone.low - 5
