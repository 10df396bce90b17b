"""What is left of a training, by the pace of its steps here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from distill.host.training.steps_left import StepsLeft


@given(some.integers(0, 1000), some.integers(1, 50), some.integers(0, 1000), some.floats(0.01, 100))
def test_seconds_left_are_steps_left_by_their_pace(begun: int, done: int, more: int, pace: float) -> None:
    """Also where an earlier process did the first steps."""
    now = [0.0]
    left = StepsLeft(begun + 1 + done + more, clock=lambda: now[0])
    assert left.after(begun + 1) is None
    now[0] = done * pace
    assert left.after(begun + 1 + done) == pytest.approx(more * pace)


def test_a_step_that_is_told_twice_tells_nothing() -> None:
    left = StepsLeft(10)
    assert (left.after(3), left.after(3)) == (None, None)
