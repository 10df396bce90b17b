"""How much slower an endpoint is than it was."""

from __future__ import annotations

import pytest

from distill.teacher.pool.latencies import RECENT, Latencies


def filled(*calls: tuple[float, int]) -> Latencies:
    """So many answers of each kind as are told apart: seconds, calls in flight."""
    found = Latencies()
    for seconds, in_flight in calls:
        for _ in range(2 * RECENT):
            found.add(seconds, in_flight)
    return found


def test_nothing_is_said_before_enough_is_known() -> None:
    found = Latencies()
    for _ in range(2 * RECENT - 1):
        assert found.slowdown is None
        found.add(1.0, 4)
    assert found.slowdown is None
    found.add(1.0, 4)
    assert found.slowdown == pytest.approx(1)


def test_an_endpoint_that_takes_ten_times_as_long_has_slowed_by_ten() -> None:
    found = filled((0.5, 16))
    for _ in range(RECENT):
        found.add(5.0, 16)
    assert found.slowdown == pytest.approx(10)


def test_a_box_that_answers_one_call_at_a_time_has_not_slowed_where_more_are_sent_to_it() -> None:
    """Each of 16 calls waits for the others: 16 times the seconds, as many answers a second."""
    assert filled((1.0, 1), (16.0, 16)).slowdown == pytest.approx(1)


def test_an_endpoint_has_not_slowed_where_less_is_sent_to_it() -> None:
    assert filled((1.0, 16), (1.0, 1)).slowdown == pytest.approx(1)


def test_the_answer_of_a_single_call_is_held_against_what_was_usual() -> None:
    found = filled((0.5, 16))
    assert found.usual(0.9, 2)
    assert not found.usual(1.1, 2)
    assert Latencies().usual(99, 2)


def test_what_was_in_between_is_forgotten() -> None:
    found = filled((0.5, 16))
    for _ in range(RECENT):
        found.add(5.0, 16)
    found.forget_recent()
    assert found.slowdown is None
    assert found.usual(0.9, 2)
