"""Students made on purpose: the probe of memorising names the one that copies, and no other."""

from __future__ import annotations

from dataclasses import replace

import made_students
import pytest

from distill.evaluate.probes.answers.memorisation import memorisation
from distill.evaluate.probes.rows import AnsweredRow, ProbeRows


def test_a_student_that_copies_its_training_rows_is_named_with_the_row_that_it_copies() -> None:
    copies, gap = memorisation(made_students.rows(made_students.copying))
    assert copies.failed
    assert copies.value is not None
    assert copies.value > 80
    assert "training row:" in copies.examples[0].note
    assert gap.passed


@pytest.mark.parametrize("say", [made_students.healthy, made_students.collapsed])
def test_others_are_not(say: made_students.Say) -> None:
    assert [one.passed for one in memorisation(made_students.rows(say))] == [True, True]


def test_a_near_copy_is_a_copy() -> None:
    def near(i: int, asked: str, teacher: str) -> str:
        words = made_students.copying(i, asked, teacher).split()
        return " ".join(word if n % 12 else "indeed" for n, word in enumerate(words))

    assert memorisation(made_students.rows(near))[0].failed


def test_short_answers_cannot_be_told_from_copies() -> None:
    rows = ProbeRows([AnsweredRow(f"s{n}", "in", "refund", "refund") for n in range(30)], [("in", "refund")] * 30)
    found = memorisation(rows)[0]
    assert (found.value, found.passed) == (None, None)
    assert "shorter than 12 words" in found.reason


def test_what_the_input_itself_says_is_no_copy() -> None:
    rows = made_students.rows(made_students.copying)
    quoted = [replace(row, input=f"{row.input} {row.student}") for row in rows.answered]
    assert memorisation(replace(rows, answered=quoted))[0].passed


def test_a_training_loss_far_below_that_of_other_rows_fails() -> None:
    rows = made_students.rows(made_students.healthy)
    losses = [*rows.losses[:-1], {"train_loss": None, "valid_loss": 1.4}]
    gap = memorisation(replace(rows, losses=losses))[1]
    assert gap.failed
    assert gap.value == pytest.approx(1.4 - sum(2 / step for step in range(16, 21)) / 5)
