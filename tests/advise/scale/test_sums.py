"""The sums by hand, and what a random sample holds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from distill.advise.price import read_price
from distill.advise.scale import sums as scale
from distill.advise.scale.rates import read
from distill.advise.scale.sums import Load, counted, sample_for, sums
from distill.similarity.minhash import bands
from distill.similarity.pairs import NUM_PERM

RATES = read([])
BILLION = sums(Load(1e9, 600, 60), RATES, read_price("0.1/0.5", "--price"))


def test_a_billion_by_hand() -> None:
    assert BILLION.jsonl_bytes == 1e9 * (660 * 4.2 + 400)
    assert BILLION.parquet_bytes == pytest.approx(0.3 * BILLION.jsonl_bytes)
    assert BILLION.curate_core_hours == pytest.approx(1e9 / 2079 / 3600)
    assert BILLION.sketch_bytes == 1e9 * 128 * 4
    assert BILLION.band_bytes == 1e9 * 21 * 16
    assert (BILLION.prompt_tokens, BILLION.answer_tokens) == (600e9, 60e9)
    assert BILLION.live_usd == pytest.approx(600e3 * 0.1 + 60e3 * 0.5)
    assert BILLION.batch_usd == pytest.approx(45_000)
    assert BILLION.batch_files == 20_000
    assert BILLION.gpu_hours == pytest.approx((600e9 / 3372 + 60e9 / 864) / 3600)
    assert BILLION.endpoints == -(-BILLION.gpu_hours // (24 * 4))


def test_bands_and_numbers_are_those_of_the_near_duplicates() -> None:
    assert (NUM_PERM, bands(0.85, NUM_PERM)[0]) == (scale.NUMBERS, scale.BANDS)


def test_ways_change_with_the_size() -> None:
    small = sums(Load(100_000, 600, 60), RATES, None)
    assert (small.curate_way, small.teacher_way, small.live_usd) == ("one machine", "one endpoint", None)
    assert BILLION.curate_way == "sample first, or Ray"
    assert BILLION.teacher_way.endswith("endpoints or files")


@given(some.floats(1, 1e10), some.floats(1, 1e5), some.floats(1, 1e4), some.integers(1, 8))
def test_everything_grows_with_the_rows(rows: float, prompt: float, answer: float, draws: int) -> None:
    one, two = (sums(Load(n, prompt, answer, draws), RATES, None) for n in (rows, 2 * rows))
    for name in (
        "jsonl_bytes",
        "curate_core_hours",
        "sketch_bytes",
        "band_bytes",
        "prompt_tokens",
        "gpu_hours",
        "gpu_usd",
    ):
        assert getattr(two, name) == pytest.approx(2 * getattr(one, name))


def test_a_sample_holds_what_the_sum_says() -> None:
    """500 random samples of the rows that `sample_for` gives: at most some 2.5 % hold fewer than 20, and 95 % lie in the range."""
    share, least = 0.01, 20
    rows = round(sample_for(share, least))
    low, high = counted(rows, share)
    assert low == pytest.approx(least, abs=0.5)
    dice = random.Random(7)
    found = [sum(dice.random() < share for _ in range(rows)) for _ in range(500)]
    assert sum(count < least for count in found) / 500 <= 0.05
    assert sum(low <= count <= high for count in found) / 500 >= 0.92
