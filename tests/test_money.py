"""The wall in dollars."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import BudgetReached
from distill.money import Budget, Rate, most_usd, price_of
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
