"""Thresholds that keep a share of the calibration rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from distill.evaluate.blend.thresholds import TriedThreshold, of_share, tried


def test_the_surest_half_lies_above_the_next_row() -> None:
    assert of_share([0.9, 0.1, 0.5, 0.7], 0.5) == 0.5
    assert of_share([0.9, 0.9, 0.9, 0.1], 0.5) == 0.9, "equally sure rows stay together"
    assert of_share([0.9, 0.1], 1.0) == 0.0
    assert of_share([], 1.0) == 1.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.floats(0, 1))
def test_never_more_than_the_share_is_kept(sure: list[float], share: float) -> None:
    kept = sum(one > of_share(sure, share) for one in sure)
    assert kept <= round(share * len(sure))


def test_each_threshold_is_tried_once_and_the_runs_own_keeps_its_name() -> None:
    own = TriedThreshold(0.5, "at most 5 % wrong")
    found = tried([0.9, 0.1, 0.5, 0.7], own)
    assert [one.confidence for one in found] == sorted({one.confidence for one in found})
    assert own in found
    assert found[0].confidence == 0.0
