"""The wall in dollars."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import BudgetReached
from distill.money import Budget, Rate, known_usd, most_usd, price_of, shown
from distill.records import Usage

cents = st.integers(0, 500).map(lambda n: n / 100)


@given(cents, st.lists(st.tuples(cents, st.floats(0, 1)), max_size=30))
def test_spent_and_reserved_never_pass_the_limit(limit: float, calls: list[tuple[float, float]]) -> None:
    """However calls are reserved and settled, each at no more than its reservation, the limit holds."""
    budget = Budget(limit)
    open_calls: list[tuple[float, float]] = []
    for most, share in calls:
        try:
            budget.reserve(most)
        except BudgetReached:
            assert budget.spent + sum(m for m, _ in open_calls) + most > limit
            continue
        open_calls.append((most, most * share))
        if share > 0.5:
            budget.settle(*open_calls.pop(0))
        assert budget.spent + sum(m for m, _ in open_calls) <= limit + 1e-9


def test_cached_and_fresh_tokens_have_their_own_price() -> None:
    """Cached prompt tokens at their rate, where the spec gives one."""
    usage = Usage(1_000_000, 1_000_000, 400_000)
    assert Rate(1.0, 4.0, 0.1).usd(usage) == pytest.approx(0.6 + 0.04 + 4.0)
    assert Rate(1.0, 4.0).usd(usage) == pytest.approx(5.0)


def test_known_models_have_a_price_local_ones_are_free_and_others_have_none() -> None:
    """None is not zero: the caller must decide."""
    priced = price_of("gpt-4o-mini")
    assert priced is not None
    assert priced(Usage(1_000_000, 0)) == pytest.approx(0.15)
    free = price_of("embedded/smollm2-135m")
    assert free is not None
    assert free(Usage(10**9, 10**9)) == 0
    assert price_of("a-model-nobody-knows") is None
    assert price_of("ft:gpt-4o-mini:acme::abc") is None, "hosts charge more for a tuned model than for its base"
    assert price_of("ft:gpt-4o-mini:acme::abc", Rate(1.0, 2.0)) is not None


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.data())
def test_no_mix_of_tokens_costs_more_than_what_was_reserved(prompt: int, completion: int, data: st.DataObject) -> None:
    """Cached, written or thought: the reservation is the dearest reading of the counts."""
    cached = data.draw(st.integers(0, prompt))
    written = data.draw(st.integers(0, prompt - cached))
    used = Usage(prompt, completion, cached, written, data.draw(st.integers(0, completion)))
    for price in (Rate(1, 2, 0.1, reasoning=5).usd, Rate(1, 2, reasoning=0.5).usd, price_of("gpt-6-luna")):
        assert price is not None
        assert price(used) <= most_usd(price, Usage(prompt, completion)) + 1e-12


def test_tokens_thought_have_a_price_of_their_own() -> None:
    assert Rate(1, 2, reasoning=5).usd(Usage(0, 10**6, reasoning_tokens=400_000)) == pytest.approx(0.6 * 2 + 0.4 * 5)
    assert Rate(1, 2).usd(Usage(0, 10**6, reasoning_tokens=400_000)) == pytest.approx(2)


@pytest.mark.parametrize("seed", range(3))
def test_no_residue_is_left_of_fifty_thousand_calls(seed: int) -> None:
    """Reserved and settled in any order at fractions of a cent: in the end nothing is in flight, to the last unit."""
    draw = random.Random(seed)
    budget, flying = Budget(1e9), list[float]()
    for _ in range(50_000):
        flying.append(draw.uniform(0.0001, 2) / 3)
        budget.reserve(flying[-1])
        if len(flying) == 64:
            most = flying.pop(draw.randrange(64))
            budget.settle(most, most * draw.random())
    for most in flying:
        budget.settle(most, 0.0)
    assert budget.reserved == 0


async def test_at_the_wall_the_next_call_is_refused_and_not_waited_for_without_end() -> None:
    """Nothing is in flight any more, so nothing will settle for less."""
    budget = Budget(10.0)
    for n in range(1, 1000):
        budget.reserve(1 / n / 100)
    for n in range(1, 1000):
        budget.settle(1 / n / 100, 1 / n / 100)
    with pytest.raises(BudgetReached):
        await asyncio.wait_for(budget.reserve_in_turn(10.0), 2)


async def test_a_call_that_waits_at_the_wall_sees_that_the_run_is_closing() -> None:
    budget, closing = Budget(1.0), []
    budget.reserve(0.9)
    waits = asyncio.create_task(budget.reserve_in_turn(0.5, closing=lambda: bool(closing)))
    await asyncio.sleep(0.05)
    assert not waits.done()
    closing.append(True)
    assert await asyncio.wait_for(waits, 2) is False
    assert budget.reserved == pytest.approx(0.9)


async def test_with_caution_fewer_are_in_flight_and_none_is_refused_for_it() -> None:
    budget = Budget(1.0)
    assert budget.fits(0.05)
    assert not budget.fits(0.05, caution=64)
    assert await budget.reserve_in_turn(0.05, caution=lambda: 64.0), "nothing is in flight: it goes alone"
    assert not budget.fits(0.05, caution=64)


def test_a_limit_without_end_is_no_wall_and_a_price_without_end_is_one() -> None:
    assert Budget(float("inf")).fits(1e12)
    assert not Budget(5.0).fits(float("inf"))


def test_what_nobody_knows_the_price_of_is_never_nothing() -> None:
    assert shown(0.0) == "$0.0000"
    assert shown(None) == "unknown"
    assert shown(0.0, 3) == "an unknown sum (3 calls at an unknown price)"
    assert shown(0.5, 1) == "$0.5000 and 1 call at an unknown price"
    assert (known_usd(0.0, 3), known_usd(0.5, 3), known_usd(0.0, 0)) == (None, 0.5, 0.0)
