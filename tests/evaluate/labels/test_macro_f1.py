"""Macro-F1: scikit-learn's value, and an interval that covers the truth."""

from __future__ import annotations

import numpy as np
import pytest

from distill.evaluate.labels.macro_f1 import macro_f1, macro_f1_gap


@pytest.mark.parametrize("seed", range(4))
def test_the_value_is_that_of_scikit_learn(seed: int) -> None:
    from sklearn.metrics import f1_score

    chance = np.random.default_rng(seed)
    wanted = chance.integers(0, 6, 80)
    found = np.where(chance.random(80) < 0.7, wanted, chance.integers(0, 7, 80))  # 6 is no label
    labels = sorted(set(wanted.tolist()))
    expected = f1_score(wanted, found, labels=labels, average="macro", zero_division=0)
    place = {label: i for i, label in enumerate(labels)}
    got = macro_f1([place[one] for one in wanted.tolist()], [place.get(one, -1) for one in found.tolist()], len(labels))
    assert got.mean == pytest.approx(expected)
    assert got.low < got.mean < got.high
    assert got.n == 80


def test_a_rare_label_counts_as_much_as_a_frequent_one() -> None:
    wanted = [0] * 95 + [1] * 5
    found = [0] * 100
    assert macro_f1(wanted, found, 2).mean == pytest.approx((2 * 95 / 195 + 0) / 2)


def test_all_right_is_no_certainty() -> None:
    got = macro_f1([0, 1] * 20, [0, 1] * 20, 2)
    assert (got.mean, got.high) == (1, 1)
    assert 0.85 < got.low < 0.95


def test_of_two_that_say_the_same_none_is_better_and_a_better_one_is_seen() -> None:
    wanted, said = [0, 1, 2] * 20, [0, 1, 1] * 20
    same = macro_f1_gap(wanted, said, said, 3)
    assert same.mean == 0
    assert same.low < 0 < same.high
    assert macro_f1_gap(wanted, wanted, said, 3).low > 0.2


def test_no_answer_that_is_a_label_is_0() -> None:
    got = macro_f1([0, 1] * 20, [-1] * 40, 2)
    assert (got.mean, got.low) == (0, 0)


def conversations(chance: np.random.Generator, count: int, turns: int = 5) -> tuple[list[list[int]], list[str]]:
    """(wanted, what two arms say) of conversations that are mostly of one label and fail together, and the name of each row's."""
    wanted = np.where(
        chance.random((count, turns)) < 0.7,
        chance.choice(4, (count, 1), p=[0.4, 0.3, 0.2, 0.1]),
        chance.choice(4, (count, turns), p=[0.4, 0.3, 0.2, 0.1]),
    )
    right = chance.beta(1.2, 0.4, (count, 1))
    said = [np.where(chance.random(wanted.shape) < right, wanted, chance.integers(0, 4, wanted.shape)) for _ in "ab"]
    return [rows.ravel().tolist() for rows in (wanted, *said)], [f"{n // turns}" for n in range(count * turns)]


def test_rows_that_fail_together_widen_the_interval() -> None:
    (wanted, a, b), names = conversations(np.random.default_rng(1), 40)
    for alone, together in (
        (macro_f1(wanted, a, 4), macro_f1(wanted, a, 4, names)),
        (macro_f1_gap(wanted, a, b, 4), macro_f1_gap(wanted, a, b, 4, names)),
        (macro_f1(wanted, wanted, 4), macro_f1(wanted, wanted, 4, names)),
        (macro_f1_gap(wanted, a, a, 4), macro_f1_gap(wanted, a, a, 4, names)),
    ):
        assert (together.mean, together.n) == (alone.mean, alone.n)
        assert together.high - together.low > 1.1 * (alone.high - alone.low)
    assert macro_f1(wanted, a, 4, [f"{n}" for n in range(len(a))]) == macro_f1(wanted, a, 4)


@pytest.mark.slow
def test_the_interval_covers_the_truth_where_rows_fail_together() -> None:
    """30 conversations of 5 turns, 200 experiments; taken as 150 rows that have nothing to do with each other it holds in 86 %."""
    from sklearn.metrics import f1_score

    chance = np.random.default_rng(2)
    (wanted, said, _), _ = conversations(chance, 50_000)
    truth, held, fair = f1_score(wanted, said, average="macro"), 0, 0
    for _ in range(200):
        (wanted, a, b), names = conversations(chance, 30)
        found, gap = macro_f1(wanted, a, 4, names), macro_f1_gap(wanted, a, b, 4, names)
        held += found.low <= truth <= found.high
        fair += gap.low <= 0 <= gap.high
    assert held / 200 >= 0.92
    assert fair / 200 >= 0.92


@pytest.mark.slow
def test_the_interval_covers_the_truth() -> None:
    """Four labels, the rarest 10 %; right with 80 %: 300 experiments of 150 rows against the value of a million."""
    from sklearn.metrics import f1_score

    chance = np.random.default_rng(0)

    def drawn(n: int) -> tuple[np.ndarray, np.ndarray]:
        wanted = chance.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
        return wanted, np.where(chance.random(n) < 0.8, wanted, chance.integers(0, 4, n))

    truth = f1_score(*drawn(1_000_000), average="macro")
    held = [(got := macro_f1(*map(list, drawn(150)), 4)).low <= truth <= got.high for _ in range(300)]
    assert 0.92 <= sum(held) / 300 <= 0.98
