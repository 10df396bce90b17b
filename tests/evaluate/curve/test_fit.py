"""What twice the rows would bring, where the truth is known."""

from __future__ import annotations

import numpy as np

from distill.evaluate.curve import fit, intervals

ROWS = (100, 200, 300, 400)


def gain_of(curve: tuple[float, ...], rows: int = 400, seeds: int = 3) -> tuple[float, float, float] | None:
    """The projection from answers that are right with these chances, the same rows being hard at each point."""
    draw = np.random.default_rng(5)
    hard = draw.uniform(0, 1, rows)
    values = np.stack(
        [[(hard + draw.normal(0, 0.1, rows) < chance).astype(float) for _ in range(seeds)] for chance in curve]
    )
    draws = intervals.drawn_means(values, draws=500)
    last = intervals.difference(values[-1], values[-2], draws[:, -1] - draws[:, -2])
    return fit.doubled_gain(ROWS[: len(curve)], values, draws, last)


def test_a_rising_curve_goes_on() -> None:
    """0.95 - 4 / sqrt(rows): twice 400 rows bring 5.9 points more."""
    found = gain_of(tuple(0.95 - 4 / n**0.5 for n in ROWS))
    assert found is not None
    gain, low, high = found
    assert low < 0.0586 < high
    assert abs(gain - 0.0586) < 0.05


def test_a_flat_curve_brings_nothing_that_is_clear() -> None:
    found = gain_of((0.7, 0.7, 0.7, 0.7))
    assert found is not None
    assert found[1] <= 0 <= found[2]


def test_two_points_bear_no_fit() -> None:
    assert gain_of((0.6, 0.7)) is None


def test_points_that_no_row_tells_apart_are_what_the_rows_cannot_rule_out() -> None:
    """No draw differs, and forty rows that are all right do not prove that nothing can be gained."""
    values = np.ones((3, 1, 40))
    draws = intervals.drawn_means(values, draws=100)
    last = intervals.difference(values[-1], values[-2], draws[:, -1] - draws[:, -2])
    assert fit.doubled_gain(ROWS[:3], values, draws, last) == (0.0, last.low, last.high)
    assert last.high > 0.05


def test_a_gain_ends_at_a_perfect_score() -> None:
    values = np.stack([np.full((1, 50), score) for score in (0.2, 0.6, 0.97)])
    values[..., :5] -= 0.01
    draws = intervals.drawn_means(values, draws=200)
    last = intervals.difference(values[-1], values[-2], draws[:, -1] - draws[:, -2])
    found = fit.doubled_gain(ROWS[:3], values, draws, last)
    assert found is not None
    assert found[0] <= 0.04
