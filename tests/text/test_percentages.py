"""Shares as people read them."""

from distill.text.percentages import percent, signed


def test_percent_has_one_digit_unless_told() -> None:
    assert (percent(2 / 3), percent(2 / 3, 0), percent(0.0)) == ("66.7 %", "67 %", "0.0 %")


def test_signed_points_have_a_true_minus_and_zero_none() -> None:
    assert (signed(0.034), signed(-0.034), signed(-0.0001), signed(0.0)) == ("+3.4", "\u22123.4", "0.0", "0.0")
