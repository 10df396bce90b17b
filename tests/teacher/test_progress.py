"""How fast answers come, and how long the rest takes."""

from __future__ import annotations

import time

import pytest

from distill.teacher.progress import Progress, Silent, Watcher


def answered(times: int, *, in_flight: int, since_s: float) -> Progress:
    """So many answers, the first of them `since_s` seconds ago."""
    progress = Progress(total=100, in_flight=in_flight)
    for _ in range(times):
        progress.heard()
    assert progress.first_at is not None
    progress.first_at -= since_s
    return progress


def test_rate_counts_from_the_first_answer_on() -> None:
    progress = answered(11, in_flight=1, since_s=5)
    assert progress.rate == pytest.approx(2.0, rel=0.01)
    assert progress.left_s == pytest.approx(44.5, rel=0.01)


@pytest.mark.parametrize(("count", "in_flight"), [(0, 1), (1, 1), (3, 1), (8, 8)])
def test_before_there_is_a_basis_nothing_is_said(count: int, in_flight: int) -> None:
    """Answers that were in flight beside the first come with it, and tell nothing."""
    progress = Progress(total=100, in_flight=in_flight)
    for _ in range(count):
        progress.heard()
    assert (progress.rate, progress.left_s) == (None, None)
    assert answered(max(4, in_flight + 1), in_flight=in_flight, since_s=1).rate is not None


def test_rows_of_batches_have_no_rate_and_are_not_waited_for() -> None:
    assert Progress(total=100, answered=60, waiting=40).rate is None
    progress = answered(11, in_flight=1, since_s=5)
    progress.waiting = 69
    assert progress.left_s == pytest.approx(10, rel=0.01)


def test_a_stalled_endpoint_slows_the_rate() -> None:
    progress = answered(11, in_flight=1, since_s=5)
    assert progress.first_at is not None
    progress.first_at = time.monotonic() - 50
    assert progress.rate == pytest.approx(0.2, rel=0.01)


def test_silence_is_a_watcher() -> None:
    watch: Watcher = Silent()
    watch.ahead([])
    watch.training(step=1, steps=2, train_loss=0.1, valid_loss=None, left_s=3.0)
