from __future__ import annotations

import numpy as np
import pytest

from distill.stats.intervals import paired_difference
from distill.stats.power import decidable_margin, decided_share, fewest_rows, required_rows


def test_agreement_on_all_rows_decides_from_the_fewest_rows_on() -> None:
    for margin in (0.02, 0.05):
        n = fewest_rows(margin)
        assert paired_difference([1.0] * n, [1.0] * n).low > -margin
        assert paired_difference([1.0] * (n - 2), [1.0] * (n - 2)).low < -margin


@pytest.mark.parametrize(("n", "margin", "differing"), [(150, 0.05, 0.06), (300, 0.05, 0.1), (300, 0.02, 0.06)])
def test_the_share_that_is_decided_is_what_comes_out(n: int, margin: float, differing: float) -> None:
    chance, found = np.random.default_rng(2), 0
    for _ in range(400):
        rows = chance.choice([-1.0, 1.0, 0.0], n, p=[differing / 2, differing / 2, 1 - differing])
        found += paired_difference(np.maximum(rows, 0).tolist(), np.maximum(-rows, 0).tolist()).low > -margin
    assert found / 400 == pytest.approx(decided_share(n, margin, differing), abs=0.08)


def test_required_rows_decide_four_of_five_and_so_does_the_margin() -> None:
    rows = required_rows(0.1**0.5, 0.05)
    assert rows == pytest.approx(350, abs=3)
    assert decided_share(round(rows), 0.05, 0.1) == pytest.approx(0.8, abs=0.01)
    assert decidable_margin(350, 0.1) == pytest.approx(0.05, abs=0.001)


def test_the_default_question_is_decided_for_most_equal_students() -> None:
    """5 points: 240 rows where 3 % are lost and 3 % won, 640 where it is 10 % each; 2 points took 1,250 and 3,900."""
    assert required_rows(0.06**0.5, 0.05) < 250
    assert required_rows(0.2**0.5, 0.05) < 650
    assert decided_share(150, 0.02, 0.1) < 0.2
    assert decided_share(400, 0.05, 0.1) > 0.8
    assert decided_share(10, 0.05, 0.0) == 0.0
    assert required_rows(0.3, 0.0) == float("inf")
