from __future__ import annotations

import numpy as np
import pytest

from distill.stats.power import required_rows
from distill.stats.sample_size import rows_needed


@pytest.mark.parametrize("differing", [0.06, 0.2])
def test_nine_of_ten_ranges_hold_the_truth_and_their_ends_stay_where_they_are(differing: float) -> None:
    """Equal in truth, 150 rows: what was one number, off by a factor of a hundred between repetitions, is a range that holds."""
    chance, truth, found = np.random.default_rng(4), required_rows(differing**0.5, 0.02), []
    for _ in range(300):
        rows = chance.choice([-1.0, 1.0, 0.0], 150, p=[differing / 2, differing / 2, 1 - differing])
        found.append(rows_needed(rows.tolist(), 0.02))
    equal = [one for one in found if one is not None and one.if_equal]
    assert len(equal) > 0.8 * len(found)
    assert sum(one.low <= truth <= (one.high or truth) for one in equal) >= 0.85 * len(equal)
    lows, highs = (
        np.percentile([one.low for one in equal], [10, 90]),
        np.percentile([one.high or 20_000 for one in equal], [10, 90]),
    )
    assert lows[1] < 4 * lows[0]
    assert highs[1] < 4 * highs[0]


def test_a_student_that_clearly_loses_something_gets_no_number_for_an_equal_one() -> None:
    losing = [-1.0] * 12 + [0.0] * 138
    found = rows_needed(losing, 0.08)
    assert found is not None
    assert (found.if_equal, found.high) == (False, None)  # 8 points lost, of 8 allowed


def test_whether_there_is_a_difference_at_all_has_a_least_number_and_no_most() -> None:
    found = rows_needed([1.0] * 6 + [-1.0] * 3 + [0.0] * 91, 0.0)
    assert found is not None
    assert found.low > 20
    assert found.high is None


def test_no_number_is_named_where_none_is_sensible() -> None:
    assert rows_needed([-1.0, 1.0] * 40, 0.001) is None
    assert rows_needed([0.5], 0.02) is None


def test_turns_of_one_conversation_take_more_rows() -> None:
    values = [float(talk % 9 == 0) - float(talk % 9 == 1) for talk in range(60) for _ in range(3)]
    alone, together = rows_needed(values, 0.05), rows_needed(values, 0.05, [row // 3 for row in range(180)])
    assert alone is not None
    assert together is not None
    assert together.low > 2 * alone.low
