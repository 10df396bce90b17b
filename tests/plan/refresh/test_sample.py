"""Twenty rows of each stratum, the same ones each time."""

from __future__ import annotations

from collections import Counter

from distill.plan.refresh.sample import ROWS, drawn


def test_a_small_stratum_is_asked_whole_and_a_large_one_in_part() -> None:
    strata = {f"{name}{n}": name for name, rows in (("a", 3), ("b", 500)) for n in range(rows)}
    seeds = drawn(strata)
    assert Counter(strata[seed] for seed in seeds) == {"a": 3, "b": ROWS}
    assert seeds == drawn(dict(reversed(strata.items())))


def test_a_row_more_moves_at_most_one() -> None:
    strata = {f"b{n}": "b" for n in range(500)}
    before, after = set(drawn(strata)), set(drawn(strata | {"new": "b"}))
    assert len(before - after) <= 1


def test_the_rule_is_what_is_said_of_it() -> None:
    """Of strata in which one answer in seven would change, at least 95 in 100 show it."""
    assert 1 - (6 / 7) ** ROWS > 0.95
