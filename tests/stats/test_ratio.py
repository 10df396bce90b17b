from __future__ import annotations

import numpy as np
import pytest

from distill.stats.estimate import Estimate
from distill.stats.intervals import mean_interval
from distill.stats.ratio import ratio


def test_a_share_with_its_interval() -> None:
    found = ratio(Estimate(0.9, 0.85, 0.94, 150), Estimate(0.95, 0.85, 0.99, 40))
    assert found is not None
    assert found.n == 40
    assert found.mean == pytest.approx(0.9 / 0.95)
    assert found.low < found.mean < found.high
    assert ratio(Estimate(0.9, 0.85, 0.94, 150), Estimate(0.0, 0.0, 0.1, 40)) is None


def test_about_95_of_100_hold_the_true_ratio() -> None:
    chance, held = np.random.default_rng(1), 0
    for _ in range(300):
        a, b = ((chance.random(n) < p).astype(float).tolist() for n, p in ((150, 0.85), (60, 0.93)))
        found = ratio(mean_interval(a), mean_interval(b))
        held += found is not None and found.low <= 0.85 / 0.93 <= found.high
    assert 0.91 <= held / 300 <= 0.99
