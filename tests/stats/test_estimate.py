from __future__ import annotations

from distill.stats.estimate import FEW, Estimate


def test_fewer_rows_than_twenty_are_small() -> None:
    assert Estimate(0.5, 0.2, 0.8, FEW - 1).small
    assert not Estimate(0.5, 0.2, 0.8, FEW).small
