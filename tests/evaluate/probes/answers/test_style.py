"""Students made on purpose: the probe of style names the one that collapses, and no other."""

from __future__ import annotations

import made_students
import pytest

from distill.evaluate.probes.answers.style import style
from distill.evaluate.probes.rows import AnsweredRow, ProbeRows


def test_a_student_that_says_one_thing_fails_in_all_four_numbers() -> None:
    found = style(made_students.rows(made_students.collapsed))
    assert [one.name for one in found if one.failed] == ["same_answer", "openings", "lengths", "distinct_pairs"]
    assert len(found[0].examples) == 3


@pytest.mark.parametrize("say", [made_students.healthy, made_students.copying])
def test_others_pass(say: made_students.Say) -> None:
    assert [one.passed for one in style(made_students.rows(say))] == [True] * 4


def test_one_opening_for_all_fails_though_the_rest_differs() -> None:
    def opened(i: int, asked: str, teacher: str) -> str:
        return f"Dear and much valued customer, {made_students.healthy(i, asked, teacher)}"

    assert [one.name for one in style(made_students.rows(opened)) if one.failed] == ["openings"]


def test_labels_are_compared_by_the_commonest_alone() -> None:
    labels = ["refund", "cancel", "order", "other"]
    rows = [AnsweredRow(f"s{n:02}", "in", '{"intent": "other"}', f'{{"intent": "{labels[n % 4]}"}}') for n in range(60)]
    same, *others = style(ProbeRows(rows))
    assert same.failed
    assert same.value == pytest.approx(75)
    assert [one.value for one in others] == [None] * 3
