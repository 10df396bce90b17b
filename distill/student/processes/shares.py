"""How a step's rows are divided among the processes of a training, so that the step stays what the spec says.

    batch_size 8, accumulate 4   32 rows a step
    1 process    8 rows at a time, 4 times
    4 processes  8 rows at a time, once
    8 processes  4 rows at a time, once

A gradient is the sum over a step's answer tokens, so it does not depend on who adds up which rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from distill.errors import UsageError


@dataclass(frozen=True, slots=True)
class Share:
    """What one process does of a step: `rows` at a time, `times` one after the other."""

    rows: int
    times: int


def share(batch_size: int, accumulate: int, processes: int) -> Share:
    """Never more rows at a time than `batch_size`, which is what fits the memory; UsageError where the step cannot be divided."""
    step = batch_size * accumulate
    own, left = divmod(step, processes)
    if left or not own:
        raise UsageError(
            f"a step of {step} rows (student.train.batch_size × accumulate) cannot be divided among {processes} processes; start "
            f"{' or '.join(map(str, divisors(step)))}, or choose another batch size"
        )
    times = next(n for n in divisors(own) if own // n <= batch_size)
    return Share(own // times, times)


def most(batch_size: int, accumulate: int, at_most: int) -> int:
    """The most processes, up to `at_most`, that a step can be divided among."""
    return max(n for n in divisors(batch_size * accumulate) if n <= at_most)


def divisors(count: int) -> list[int]:
    """In rising order."""
    return [n for n in range(1, count + 1) if count % n == 0]
