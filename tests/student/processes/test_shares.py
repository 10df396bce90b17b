"""A step's rows among processes: all of them, never more at a time than one process was given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from distill.errors import UsageError
from distill.student.processes.shares import divisors, most, share

UP_TO_64 = some.integers(1, 64)


@given(UP_TO_64, some.integers(1, 16), UP_TO_64)
def test_a_step_stays_what_it_is_or_is_refused(batch_size: int, accumulate: int, processes: int) -> None:
    step = batch_size * accumulate
    if step % processes:
        with pytest.raises(UsageError, match=rf"a step of {step} rows .* among {processes} processes"):
            share(batch_size, accumulate, processes)
        return
    found = share(batch_size, accumulate, processes)
    assert found.rows * found.times * processes == step
    assert found.rows <= batch_size
    assert share(batch_size, accumulate, 1).rows == batch_size, "alone as the spec says"


def test_processes_take_the_place_of_accumulation() -> None:
    """32 rows a step: the more processes, the fewer passes, then the smaller ones."""
    found = {count: share(8, 4, count) for count in (1, 2, 4, 8, 32)}
    assert {count: (one.rows, one.times) for count, one in found.items()} == {
        1: (8, 4), 2: (8, 2), 4: (8, 1), 8: (4, 1), 32: (1, 1),
    }  # fmt: skip


@given(UP_TO_64, some.integers(1, 8), UP_TO_64)
def test_the_most_processes_divide_a_step(batch_size: int, accumulate: int, at_most: int) -> None:
    found = most(batch_size, accumulate, at_most)
    assert found <= at_most
    assert found in divisors(batch_size * accumulate)
    assert all(n > at_most for n in divisors(batch_size * accumulate) if n > found)
