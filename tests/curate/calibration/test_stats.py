"""Decisions beside labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.curate.calibration.stats import (
    THRESHOLDS,
    LabelledDecision,
    StratumDrops,
    ac1,
    best,
    compare,
    kappa,
    rows_for,
    sweep,
    wide,
)

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


def pairs(both: int, only_first: int, only_second: int, neither: int) -> list[tuple[bool, bool]]:
    return (
        [(True, True)] * both
        + [(True, False)] * only_first
        + [(False, True)] * only_second
        + [(False, False)] * neither
    )


def test_kappa_and_ac1_are_those_of_the_books() -> None:
    """Cohen's textbook example, and Gwet's table 4.1 style paradox: 118 of 125 agree and kappa is about nothing."""
    assert kappa(pairs(20, 5, 10, 15)) == pytest.approx(0.4)
    skewed = pairs(118, 5, 2, 0)
    assert kappa(skewed) == pytest.approx(-0.0234, abs=5e-4)
    assert ac1(skewed) == pytest.approx(0.9407, abs=5e-4)
    assert kappa(pairs(7, 0, 0, 0)) is None
    assert ac1(pairs(7, 0, 0, 0)) == 1
    assert kappa([]) is ac1([]) is None


@given(PAIRS)
def test_both_are_at_most_one_and_do_not_care_who_is_first(given_: list[tuple[bool, bool]]) -> None:
    turned = [(two, one) for one, two in given_]
    for statistic in (kappa, ac1):
        value = statistic(given_)
        assert value is None or -1 <= value <= 1 + 1e-9
        assert value == pytest.approx(statistic(turned))
        if value is not None and all(one == two for one, two in given_):
            assert value == pytest.approx(1)


def test_what_a_gate_could_not_say_is_no_mistake() -> None:
    """Counts, by stratum where people would have kept."""
    rows = [("a", True, True), ("a", True, False), ("b", False, True), ("b", False, False), ("b", True, None)]
    found = compare([LabelledDecision(*row) for row in rows])
    assert (found.n, found.unscored, found.false_drops, found.false_keeps) == (4, 1, 1, 1)
    assert found.agreement is not None
    assert found.agreement.mean == 0.5
    assert found.false_drops_by_stratum == [StratumDrops("a", good=2, dropped=1)]
    assert compare([LabelledDecision("a", True, None)]).agreement is None


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(THRESHOLDS)), min_size=1, max_size=30))
def test_no_threshold_agrees_better_than_the_best(scored: list[tuple[bool, float]]) -> None:
    swept = sweep(scored)
    found = best(swept, 4.0)
    assert found is not None
    assert found.agreement == max(row.agreement for row in swept)
    assert found.agreement == pytest.approx(1 - (found.false_drops + found.false_keeps) / len(scored))


def test_of_equal_thresholds_the_nearest_to_that_of_now_is_named() -> None:
    swept = sweep([(True, 5.0), (False, 2.0)])
    assert best(swept, 4.0).at_least == 4.0  # type: ignore[union-attr]  # there is one, or the test fails
    assert best(swept, 1.0).at_least == 2.25  # type: ignore[union-attr]  # as above
    assert best(sweep([]), 4.0) is None


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_so_many_rows_make_the_interval_narrow_enough(share: float) -> None:
    need = rows_for(share)
    assert not wide(share, need)
    assert wide(share, need // 2)
    assert 60 < need < 400


def test_answers_of_one_conversation_count_as_what_they_are_worth_together() -> None:
    """Forty answers of four conversations, each wrong or right as a whole, tell little more than four do."""
    rows = [LabelledDecision("a", True, n >= 10, f"ticket {n // 10}") for n in range(40)]
    alone, together = (compare(one).agreement for one in ([row._replace(cluster="") for row in rows], rows))
    assert alone is not None
    assert together is not None
    assert alone.mean == together.mean == 0.75
    assert (alone.low, together.low) == (pytest.approx(0.598, abs=0.001), pytest.approx(0.14, abs=0.1))
