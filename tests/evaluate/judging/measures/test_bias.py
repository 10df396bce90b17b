"""Biases of a judge that are known are found, and what they do to a win rate is taken out of it."""

from __future__ import annotations

import math
import random

import pytest

from distill.evaluate.judging.measures.bias import JudgedPair, length_effect, position_bias


def share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def drawn(
    n: int, *, level: float, first: float, longer: float, seed: int, mean_length: float = 60, spread: float = 0.7
) -> tuple[list[JudgedPair], float, float]:
    """(pairs, the true win rate at equal length, the true position bias): the quality varies by pair, ours is `mean_length` longer."""
    random.seed(seed)
    pairs, equal, place = [], 0.0, 0.0
    for row in range(n):
        quality, length = level + random.gauss(0, spread), round(random.gauss(mean_length, 100))
        bias = longer * math.tanh(length / 100)
        ahead, behind = share(quality + bias + first), share(quality + bias - first)
        luck = random.random()
        pairs.append(JudgedPair(f"r{row}", float(luck < ahead), float(luck < behind), length))
        equal += (share(quality + first) + share(quality - first)) / 2 / n
        place += (ahead - behind) / 2 / n
    return pairs, equal, place


@pytest.mark.parametrize("first", [-0.9, 0.0, 0.4, 1.0])
def test_a_position_bias_is_reported_within_two_points(first: float) -> None:
    for seed in range(3):
        pairs, _, truth = drawn(2000, level=0.2, first=first, longer=0.5, seed=seed)
        found = position_bias(pairs)
        assert found is not None
        assert abs(found.mean - truth) < 0.02
        assert found.low <= truth <= found.high


@pytest.mark.slow
@pytest.mark.parametrize("longer", [0.0, 0.8, 1.6, -1.0])
def test_the_win_rate_at_equal_length_is_within_two_points_on_average_and_its_interval_holds(longer: float) -> None:
    """Off by chance in a single draw of 2,000 pairs, whose interval is 3 points wide; the mean of ten draws shows the bias."""
    off, held = [], 0
    for seed in range(10):
        pairs, truth, _ = drawn(2000, level=-0.3, first=0.5, longer=longer, seed=seed)
        found = length_effect(pairs)
        assert found is not None
        off.append(found.at_equal_length.mean - truth)
        held += found.at_equal_length.low <= truth <= found.at_equal_length.high
    assert abs(sum(off) / len(off)) < 0.02
    assert held >= 8


def test_a_verdict_that_length_had_turned_is_put_right() -> None:
    """Ours is worse and longer; the judge likes length: by its verdicts ours wins, at equal length it loses."""
    pairs, truth, _ = drawn(1500, level=-0.4, first=0.6, longer=1.8, seed=5, mean_length=80)
    seen = sum(pair.shown_first + pair.shown_second for pair in pairs) / 2 / len(pairs)
    found = length_effect(pairs)
    assert found is not None
    assert seen > 0.52
    assert truth < 0.45
    assert found.at_equal_length.high < 0.5
    assert found.adds.mean == pytest.approx(seen - found.at_equal_length.mean, abs=1e-9)


def test_pairs_of_equal_texts_count_as_half_a_win() -> None:
    pairs = [JudgedPair(f"r{n}", 1.0, 1.0, n % 7 - 3) for n in range(100)]
    found = length_effect(pairs, ties=100)
    assert found is not None
    assert found.at_equal_length.mean == pytest.approx(0.75, abs=0.01)
    assert found.at_equal_length.n == 200


def test_nothing_is_told_of_few_pairs_or_of_one_difference() -> None:
    assert position_bias([]) is None
    assert length_effect([JudgedPair(f"r{n}", 1.0, 0.0, n) for n in range(19)]) is None
    assert length_effect([JudgedPair(f"r{n}", 1.0, 0.0, 5) for n in range(50)]) is None


def test_where_ours_is_always_longer_it_says_so() -> None:
    found = length_effect([JudgedPair(f"r{n}", float(n % 2), float(n % 2), 10 + n) for n in range(40)])
    assert found is not None
    assert "the longer one in nearly all pairs" in found.note


def test_pairs_of_one_conversation_widen_every_interval() -> None:
    """Eight turns of a conversation, of which a judge prefers all or none."""
    pairs = [
        JudgedPair(f"r{n}", float(n // 8 % 2), float(n // 8 % 2 if n % 3 else 1), n % 9 - 4 + n % 2) for n in range(160)
    ]
    clusters = {f"r{n}": f"talk {n // 8}" for n in range(160)}
    alone, together = length_effect(pairs), length_effect(pairs, clusters=clusters)
    assert alone is not None
    assert together is not None
    assert together.at_equal_length.mean == pytest.approx(alone.at_equal_length.mean)
    widths = [one.at_equal_length.high - one.at_equal_length.low for one in (alone, together)]
    assert widths[1] > 1.8 * widths[0]
    place, wider = position_bias(pairs), position_bias(pairs, clusters)
    assert place is not None
    assert wider is not None
    assert (wider.mean, wider.n) == (place.mean, 160)
    assert wider.high - wider.low >= place.high - place.low
