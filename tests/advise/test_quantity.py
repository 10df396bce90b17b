"""Figures with their intervals."""

from __future__ import annotations

import pytest

from distill.advise.quantity import Quantity, mean_of, unknown


def test_a_mean_has_the_interval_of_its_rows() -> None:
    """1, 2, 3, 4: mean 2.5, standard deviation 1.291, of the mean 0.6455."""
    found = mean_of("tokens", [1, 2, 3, 4], "tokens")
    assert (found.value, found.n, found.source) == (2.5, 4, "measured in this run")
    assert found.low == pytest.approx(2.5 - 1.959964 * 0.645497, abs=1e-5)
    assert found.high == pytest.approx(2.5 + 1.959964 * 0.645497, abs=1e-5)


def test_nothing_measured_is_unknown_and_one_row_has_no_interval() -> None:
    assert mean_of("tokens", [], "tokens").source == "unknown"
    assert mean_of("tokens", [7], "tokens").interval == (7, 7)
    assert unknown("x", "$", "give it").interval is None
    assert Quantity("x", 3.0, "$", "given").interval == (3.0, 3.0)


def test_a_cost_is_never_below_zero() -> None:
    assert mean_of("usd", [0.0, 0.0, 0.1], "$").low == 0.0
