"""Evidence against a bound: fair bets whatever the rate below it is, and found on the day where it is above."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.lifecycle.monitor.rates import evidence
from distill.lifecycle.monitor.rates.evidence import ODDS, SignalEvidence, after, hits_to_alarm, rate_bound


def weights(n: int, rate: float) -> list[float]:
    """The chance of 0 to n hits."""
    return [math.comb(n, x) * rate**x * (1 - rate) ** (n - x) for x in range(n + 1)]


@given(n=st.integers(1, 60), bound=st.floats(0.001, 0.9), below=st.floats(0, 1), odds=st.sampled_from(ODDS))
def test_a_bet_is_fair_or_worse_at_every_rate_below_the_bound(n: int, bound: float, below: float, odds: float) -> None:
    """The mean of what a stake becomes, summed over all outcomes, is at most 1: the whole proof stands on this."""
    rate = bound * below
    mean = math.fsum(chance * math.exp(evidence._gain(x, n, bound, odds)) for x, chance in enumerate(weights(n, rate)))
    assert mean <= 1 + 1e-9


def test_stakes_of_all_days_add_up_to_one() -> None:
    held = SignalEvidence()
    for day in range(3000):
        held = evidence.staked_on(held, f"{day:05d}")
    assert 0.98 < math.exp(held.log) <= 1


@given(n=st.integers(1, 300), k=st.integers(0, 300), level=st.sampled_from([0.001, 0.01, 0.1]))
def test_the_bound_of_the_runs_rate_covers_it(n: int, k: int, level: float) -> None:
    """At the bound itself so few hits as were seen have a chance of exactly `level`."""
    if k >= n:
        assert rate_bound(n, n, level) == 1
        return
    found = rate_bound(k, n, level)
    assert math.fsum(weights(n, found)[: k + 1]) == pytest.approx(level, rel=1e-6)


@given(hits=st.lists(st.tuples(st.integers(0, 20), st.integers(20, 50)), min_size=2, max_size=6))
def test_how_a_day_is_cut_into_looks_makes_no_difference(hits: list[tuple[int, int]]) -> None:
    cut = SignalEvidence()
    for x, n in hits:
        cut = after(cut, day="2026-11-01", x=x, n=n, bound=0.1)
    whole = after(SignalEvidence(), day="2026-11-01", x=sum(x for x, _ in hits), n=sum(n for _, n in hits), bound=0.1)
    assert cut.log == pytest.approx(whole.log)


def test_a_thousand_sequences_at_the_bound_itself_seldom_raise_an_alarm() -> None:
    """The hardest case: the true rate is the bound. 100 looks each; at most `level` of the sequences may end in an alarm."""
    draw, level, raised = np.random.default_rng(1), 0.05, 0
    for _ in range(400):
        held = SignalEvidence()
        for day, x in enumerate(draw.binomial(200, 0.03, size=60)):
            held = after(held, day=f"{day:03d}", x=int(x), n=200, bound=0.03)
            if held.log >= -math.log(level):
                raised += 1
                break
    assert raised <= 20


@pytest.mark.parametrize("clean_days", [0, 90])
def test_a_planted_share_is_found_on_its_day(clean_days: int) -> None:
    """Also after three months in which nothing happened."""
    held, level = SignalEvidence(), 0.0003
    for day in range(clean_days):
        held = after(held, day=f"{day:03d}", x=10, n=2000, bound=0.017)
    assert after(held, day="900", x=110, n=2000, bound=0.017).log >= -math.log(level)


def test_hits_to_alarm_is_the_fewest() -> None:
    held = after(SignalEvidence(), day="2026-11-01", x=3, n=500, bound=0.02)
    least = hits_to_alarm(held, day="2026-11-02", n=500, bound=0.02, level=0.001)
    assert least is not None
    logs = [after(held, day="2026-11-02", x=x, n=500, bound=0.02).log for x in (least - 1, least)]
    assert logs[0] < -math.log(0.001) <= logs[1]
    assert hits_to_alarm(SignalEvidence(), day="2026-11-02", n=3, bound=0.5, level=0.001) is None


def test_late_calls_of_a_day_that_is_past_add_no_stake() -> None:
    held = after(SignalEvidence(), day="2026-11-05", x=1, n=10, bound=0.1)
    late = after(held, day="2026-11-02", x=1, n=10, bound=0.1)
    assert (late.days, late.day) == (1, "2026-11-05")
