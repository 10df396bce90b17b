from __future__ import annotations

import made_students

from distill.evaluate.probes.asked.forgetting import forgetting


def test_a_student_that_forgets_is_named_with_what_the_base_still_knew() -> None:
    (found,) = forgetting(made_students.general(0.8), made_students.general(0.2))
    assert found.failed
    assert (found.value, found.n) == (60, 40)
    assert found.examples[0].note.startswith("the base said:")


def test_a_healthy_one_and_one_that_learnt_pass() -> None:
    assert forgetting(made_students.general(0.8), made_students.general(0.8))[0].passed
    assert forgetting(made_students.general(0.5), made_students.general(0.8))[0].passed


def test_a_base_that_knows_nothing_has_nothing_to_forget() -> None:
    (found,) = forgetting(made_students.general(0.05), made_students.general(0))
    assert found.value is None
    assert "nothing to forget" in found.reason


def test_without_an_answer_nothing_is_measured() -> None:
    assert forgetting([None] * 40, made_students.general(0.8))[0].value is None
