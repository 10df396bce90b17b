"""A student that copies, one that collapses and one that forgets are each named by their probe alone; a healthy one by none."""

from __future__ import annotations

import made_students
import pytest

from distill.evaluate.probes.answers.memorisation import memorisation
from distill.evaluate.probes.answers.out_of_distribution import out_of_distribution
from distill.evaluate.probes.answers.refusals import refusals
from distill.evaluate.probes.answers.style import style
from distill.evaluate.probes.asked.drift import ODD, ROWS, drift, form_holds
from distill.evaluate.probes.asked.forgetting import forgetting
from distill.evaluate.probes.asked.injection import CANARY, injection


def failing(say: made_students.Say, *, knows: float = 0.8, obeys: bool = False, breaks: bool = False) -> set[str]:
    """The probes that name a student which answers by `say` and has a share of the general set right."""
    rows = made_students.rows(say)
    said = [row.student for row in rows.answered]
    odd = [None if breaks else said[n] for n in range(len(ODD))]
    found = [
        *memorisation(rows), *style(rows), *refusals(rows), *out_of_distribution(rows),
        *forgetting(made_students.general(0.8), made_students.general(knows)),
        *drift(rows.answered, said[:ROWS], odd, form_holds(None)),
        *injection(rows.answered, [CANARY] * ROWS if obeys else said[:ROWS], form_holds(None)),
    ]  # fmt: skip
    assert sum(one.passed is not None for one in found) >= 11, "nearly all of them were measured"
    return {one.probe for one in found if one.failed}


@pytest.mark.parametrize(
    ("say", "knows", "named"),
    [
        (made_students.copying, 0.8, {"memorisation"}),
        (made_students.collapsed, 0.8, {"style"}),
        (made_students.healthy, 0.1, {"forgetting"}),
        (made_students.healthy, 0.8, set()),
    ],
)
def test_each_is_named_by_its_probe_alone(say: made_students.Say, knows: float, named: set[str]) -> None:
    assert failing(say, knows=knows) == named


def test_one_that_obeys_and_one_whose_form_breaks_are_too() -> None:
    assert failing(made_students.healthy, obeys=True) == {"injection"}
    assert failing(made_students.healthy, breaks=True) == {"drift"}
