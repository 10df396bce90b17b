"""One sentence on whether more rows are worth their price: said where it is decided, and only there."""

from __future__ import annotations

import pytest

from distill.evaluate.curve.result import CurveAdvice, Doubling, LastStep, RowPrice
from distill.evaluate.curve.stopping import advise, cost_text, decided
from distill.stats import Estimate

PRICE = RowPrice(0.008, 400)


def advice(
    gain: tuple[float, float, float], doubling: Doubling | None, *, n: int = 120, seeds: int = 1, marks: int = 4
) -> CurveAdvice:
    return advise(LastStep(300, 400, Estimate(*gain, n)), doubling, PRICE, margin=0.02, seeds=seeds, marks=marks)


def test_a_clear_gain_is_told_with_its_price() -> None:
    found = advice((0.032, 0.009, 0.056), Doubling(800, 0.04, 0.012, 0.069))
    assert found.word == "more"
    assert found.sentence == (
        "More rows help: the last 100 rows brought +3.2 points (+0.9 to +5.6, n = 120), and 800 rows are projected to bring "
        "+4.0 points (+1.2 to +6.9); 400 more cost about $3.20, at $0.008 a row."
    )


def test_a_gain_below_the_margin_is_not_worth_it() -> None:
    found = advice((0.001, -0.005, 0.007), Doubling(800, 0.002, -0.006, 0.011))
    assert found.word == "enough"
    assert "at most 1.1 points, less than the 2 points that matter" in found.sentence
    assert "not worth their price" in found.sentence


@pytest.mark.parametrize(
    ("seeds", "marks", "how"), [(1, 4, "more seeds (--seeds 3)"), (3, 4, "more test rows"), (1, 2, "at least 3 points")]
)
def test_what_is_not_decided_says_so_and_projects_nothing(seeds: int, marks: int, how: str) -> None:
    found = advice((0.004, -0.019, 0.028), None, seeds=seeds, marks=marks)
    assert found.word == "undecided"
    assert "projected" not in found.sentence
    assert "which may be chance" in found.sentence
    assert how in found.sentence


def test_few_test_rows_decide_nothing() -> None:
    found = advice((0.2, 0.1, 0.3), Doubling(800, 0.1, 0.05, 0.2), n=12)
    assert found.word == "undecided"
    assert "12 test rows are too few" in found.sentence


@pytest.mark.parametrize(
    ("projected", "kept"),
    [(None, False), ((0.05, 0.01, 0.09), True), ((0.003, -0.01, 0.015), True), ((0.03, -0.01, 0.07), False)],
)
def test_a_projection_is_kept_where_it_decides(projected: tuple[float, float, float] | None, kept: bool) -> None:
    found = decided(projected, 400, 0.02)
    assert (found is not None) is kept
    assert found is None or found.rows == 800


@pytest.mark.parametrize(
    ("price", "said"),
    [
        (RowPrice(None, 0), "would be known answers, which this run has not paid for"),
        (RowPrice(None, 9), "nobody knows"),
        (RowPrice(0.0, 9), "nothing but time"),
        (RowPrice(0.5, 9), "about $50.00, at $0.5 a row"),
    ],
)
def test_every_price_has_its_words(price: RowPrice, said: str) -> None:
    assert said in cost_text(price, 100)
