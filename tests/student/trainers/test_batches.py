"""Rows of like length, in an order of the seed and the epoch."""

from __future__ import annotations

import random

import pytest

from distill.student.trainers.batches import by_length


def test_each_epoch_holds_each_row_once_in_an_order_of_its_own() -> None:
    lengths = [random.Random(n).randint(5, 900) for n in range(101)]
    orders = []
    for epoch in (0, 1, 0):
        sampler = by_length(lengths, 8, seed=3)
        sampler.set_epoch(epoch)  # type: ignore[attr-defined]  # the class is made where torch is imported
        orders.append(list(sampler))
    assert all(sorted(order) == list(range(101)) for order in orders)
    assert orders[0] == orders[2]
    assert orders[0] != orders[1]


def test_an_epoch_that_is_asked_for_is_in_the_order_that_it_would_be_told() -> None:
    lengths = [random.Random(n).randint(5, 900) for n in range(40)]
    told = by_length(lengths, 4, seed=1)
    told.set_epoch(2)  # type: ignore[attr-defined]  # as above
    assert list(by_length(lengths, 4, seed=1, epoch=lambda: 2)) == list(told)


@pytest.mark.parametrize(("rows", "shortest", "longest"), [(2000, 20, 1000), (96, 45, 130)])
def test_a_batch_pads_little(rows: int, shortest: int, longest: int) -> None:
    """Lengths that are spread widely, in small datasets too: at most a tenth of the places is padding."""
    lengths = [random.Random(n).randint(shortest, longest) for n in range(rows)]
    order = list(by_length(lengths, 8, seed=0))
    batches = [[lengths[row] for row in order[start : start + 8]] for start in range(0, len(order), 8)]
    places = sum(max(batch) * len(batch) for batch in batches)
    assert 1 - sum(lengths) / places < 0.10
