from __future__ import annotations

from distill.evaluate.evidence.seen import Evidence
from distill.stats import Estimate


def test_a_linear_model_matches_where_the_student_is_not_clearly_better_on_rows_enough() -> None:
    seen = {n: Evidence("agreement", 0.05, 100, to_linear=Estimate(0.0, -0.1, 0.1, n)) for n in (10, 100)}
    assert seen[100].matched
    assert not seen[10].matched
    assert not Evidence("agreement", 0.05, 100).matched
    assert not Evidence("agreement", 0.05, 100, to_linear=Estimate(0.2, 0.1, 0.3, 100)).matched


def test_without_a_row_in_common_all_are_missing() -> None:
    assert Evidence("agreement", 0.05, 100).missing == 100
