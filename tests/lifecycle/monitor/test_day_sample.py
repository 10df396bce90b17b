"""The sample of a day: even over the day, bounded, and all of a small one."""

from __future__ import annotations

import polars as pl
import pytest

from distill.lifecycle.monitor.day_sample import CHANCE, DaySample, chance
from distill.lifecycle.monitor.rates.signals import FAR, LANGUAGE, SHOWS


def calls(first: int, last: int, *, far: bool = False) -> pl.DataFrame:
    texts = [f"message {n}" for n in range(first, last)]
    flags = {SHOWS + FAR: [far] * len(texts), SHOWS + LANGUAGE: [None] * len(texts)}
    return pl.DataFrame({"input": texts, **flags}).with_columns(chance())


def test_a_small_day_is_looked_at_whole() -> None:
    sample = DaySample(100)
    sample.take(calls(0, 60))
    sample.take(calls(40, 100, far=True))
    assert (sample.share, sample.inputs) == (1.0, 100)
    assert dict(sample.counts()) == {FAR: [60, 120], LANGUAGE: [0, 0]}


@pytest.mark.parametrize("batch", [50, 1_000, 20_000])
def test_what_comes_late_on_a_large_day_counts_as_much_as_what_came_early(batch: int) -> None:
    sample = DaySample(2_000)
    for first in range(0, 20_000, batch):
        sample.take(calls(first, first + batch, far=first >= 18_000))
    if batch == 20_000:
        sample.take(calls(20_000, 22_000, far=True))
    hits, rows = dict(sample.counts())[FAR]
    assert 1_000 <= sample.inputs <= 2_000
    assert hits / rows == pytest.approx(0.1, abs=0.03)


def test_the_sample_is_the_same_however_the_day_came_in() -> None:
    small, large = DaySample(500), DaySample(500)
    for first in range(0, 5_000, 100):
        small.take(calls(first, first + 100))
    large.take(calls(0, 5_000))
    assert small.share == large.share
    assert sorted(small.rows[CHANCE]) == sorted(large.rows[CHANCE])
