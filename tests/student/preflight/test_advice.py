"""The recommendation follows rows and size in one direction, and says why."""

from __future__ import annotations

from distill.student.preflight.advice import advise


def test_more_rows_need_fewer_epochs_and_more_rank() -> None:
    found = [advise(rows, params=int(135e6)) for rows in (20, 200, 1_000, 5_000, 50_000)]
    epochs, ranks = [one.epochs for one in found], [one.rank or 0 for one in found]
    assert epochs == sorted(epochs, reverse=True)
    assert ranks == sorted(ranks)
    assert all(one.why for one in found)
    assert epochs[0] > epochs[-1] == 1


def test_larger_base_takes_a_smaller_rate() -> None:
    rates = [advise(500, params=int(size)).learning_rate or 0 for size in (135e6, 6e8, 3e9, 8e9)]
    assert rates == sorted(rates, reverse=True)
    assert len(set(rates)) == 4
    assert advise(500).learning_rate == rates[2]


def test_host_has_defaults_of_its_own() -> None:
    found = advise(500, hosted=True)
    assert (found.learning_rate, found.rank) == (None, None)
    assert "defaults" in found.why
