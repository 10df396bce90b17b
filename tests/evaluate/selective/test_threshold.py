"""The threshold: the risk that it promises is broken in at most 5 % of draws, with every shape of confidence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from distill.evaluate.selective.bound import least_rows, within
from distill.evaluate.selective.threshold import JudgedRow, lengths, threshold

Floats = NDArray[np.float64]
WORLDS: dict[str, Callable[[Floats], Floats]] = {
    "errors fall": lambda sure: 0.3 * (1 - sure) ** 2,
    "a little above the risk everywhere": lambda sure: np.full_like(sure, 0.0505),
    "one step": lambda sure: np.where(sure > 0.6, 0.01, 0.5),
    "the surest are the worst": lambda sure: np.where(sure > 0.9, 0.12, 0.04),
    "in three steps of equal confidence": lambda sure: np.round(sure * 3) / 3 * -0.1 + 0.1,
}


def broken(world: str, rows: int, draws: int) -> float:
    """Share of draws in which the true risk of what is kept is above 5 %."""
    rng, rate, count = np.random.default_rng(1), WORLDS[world], 0
    for _ in range(draws):
        sure = rng.random(rows)
        shown = np.round(sure * 3) / 3 if "steps" in world else sure
        wrong = rng.random(rows) < rate(sure)
        judged = [JudgedRow(float(s), bool(w)) for s, w in zip(shown, wrong, strict=True)]
        found = threshold(judged, 0.05)
        grid = np.linspace(0, 1, 4001)
        grid_shown = np.round(grid * 3) / 3 if "steps" in world else grid
        kept = grid[grid_shown > found.confidence]
        count += found.kept > 0 and float(rate(kept).mean()) > 0.05
    return count / draws


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("rows", [100, 300])
def test_the_risk_is_broken_in_at_most_5_percent_of_draws(world: str, rows: int) -> None:
    """But for the luck of 1,000 draws, in which an event of 5 % is seen in more than 7.3 % once in a thousand times."""
    from scipy.stats import binom

    assert broken(world, rows, 1000) <= binom.ppf(0.999, 1000, 0.05) / 1000


@pytest.mark.parametrize("risk", [0.02, 0.05, 0.1, 0.25])
@pytest.mark.parametrize("rows", [100, 300, 1000])
def test_at_the_very_limit_the_first_test_holds_with_a_chance_of_less_than_5_percent(rows: int, risk: float) -> None:
    """Where every row is wrong just more often than the risk, all hangs on the first prefix; its chance is known exactly."""
    from scipy.stats import binom

    tested = lengths(rows, risk) or [0]
    passes = [errors for errors in range(tested[0]) if within(errors, tested[0], risk)]
    assert not passes or binom.cdf(max(passes), tested[0], risk) <= 0.05 + 1e-12


def rows_of(wrong_at: set[int], count: int) -> list[JudgedRow]:
    return [JudgedRow(1 - n / count, n in wrong_at) for n in range(count)]


def test_all_rows_are_kept_where_none_is_wrong() -> None:
    found = threshold(rows_of(set(), 100), 0.05)
    assert (found.kept, found.errors, found.confidence, found.coverage) == (100, 0, 0.0, 1.0)
    assert found.bound == pytest.approx(0.0295, abs=1e-3)


def test_it_ends_above_the_rows_that_are_wrong() -> None:
    found = threshold(rows_of(set(range(150, 300)), 300), 0.05)
    assert 100 <= found.kept < 165
    assert found.confidence == pytest.approx(1 - found.kept / 300)
    assert found.bound is not None
    assert found.bound <= 0.05


def test_too_few_rows_keep_nothing_and_say_how_many_would_do() -> None:
    found = threshold(rows_of(set(), 40), 0.05)
    assert (found.kept, found.confidence, found.bound) == (0, 1.0, None)
    assert found.rows_needed is not None
    assert found.rows_needed >= 59


def test_where_even_the_surest_are_wrong_no_number_of_rows_is_named() -> None:
    found = threshold(rows_of(set(range(0, 300, 3)), 300), 0.05)
    assert (found.kept, found.rows_needed) == (0, None)


def test_rows_as_sure_as_the_last_are_kept_with_it_or_not_at_all() -> None:
    """Of 300 rows 200 are equally sure, and right: the prefixes that end among them are tested with all of them."""
    judged = [JudgedRow(0.9, False)] * 200 + [JudgedRow(0.5, True)] * 100
    found = threshold(judged, 0.05)
    assert (found.kept, found.confidence) == (200, 0.5)


def test_a_row_without_confidence_is_never_kept() -> None:
    found = threshold([*rows_of(set(), 100), *[JudgedRow(0.0, False)] * 100], 0.05)
    assert found.kept <= 100


def test_the_prefixes_hang_on_the_number_of_rows_and_the_risk_alone() -> None:
    assert lengths(300, 0.05)[0] == least_rows(1, 0.05) == 93
    assert lengths(300, 0.05)[-1] == 300
    assert lengths(58, 0.05) == []
    assert lengths(59, 0.05) == [59]
