"""A stratum is asked anew where it clearly changed, and not where known answers say that the old answers were right."""

from __future__ import annotations

import pytest

from distill.plan.refresh.decide import expected, judged
from distill.plan.refresh.result import Disagreements, StratumProbe


def stratum(changed: int, *, rows: int = 200, answered: int = 20, known: Disagreements | None = None) -> StratumProbe:
    return judged(
        "a", rows=rows, asked=20, answered=answered, changed=changed, known=known or Disagreements(), margin=0.02
    )


@pytest.mark.parametrize(("changed", "relabel"), [(0, False), (1, False), (2, True), (20, True)])
def test_one_row_of_twenty_may_be_chance(changed: int, relabel: bool) -> None:
    assert stratum(changed).relabel == relabel


def test_a_stratum_that_was_asked_whole_needs_no_interval() -> None:
    assert stratum(1, rows=20).relabel
    assert not stratum(0, rows=20).relabel


def test_no_answer_is_no_reason() -> None:
    found = stratum(0, answered=0)
    assert (found.relabel, found.changed, found.why) == (False, None, "no answer came")


@pytest.mark.parametrize(("new", "old", "relabel"), [(5, 1, True), (3, 3, True), (1, 5, False), (0, 1, False)])
def test_known_answers_outweigh_a_difference(new: int, old: int, relabel: bool) -> None:
    found = stratum(10, known=Disagreements(new + old, new, old))
    assert found.relabel == relabel
    assert str(old) in found.why


def test_what_is_expected_is_of_the_chosen_strata_alone() -> None:
    """10 of 20 differ in each of 200 rows; of the first 6 are gained and 1 is lost in a sample of 20."""
    better, worse = stratum(10, known=Disagreements(7, 6, 1)), stratum(10, known=Disagreements(7, 1, 6))
    found = expected([better, worse, stratum(0)])
    assert found.answers == 100
    assert found.right is not None
    assert found.right.mean == pytest.approx(5 / 20)
    assert found.right.low < 5 / 20 < found.right.high
    assert expected([stratum(10)]).right is None
