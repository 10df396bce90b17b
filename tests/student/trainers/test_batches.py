"""Rows of like length, in an order of the seed and the epoch."""

from __future__ import annotations

import random

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


def test_a_batch_pads_little() -> None:
    """Lengths that are spread widely: at most a tenth of the places is padding."""
    lengths = [random.Random(n).randint(20, 1000) for n in range(2000)]
    order = list(by_length(lengths, 8, seed=0))
    batches = [[lengths[row] for row in order[start : start + 8]] for start in range(0, len(order), 8)]
    places = sum(max(batch) * len(batch) for batch in batches)
    assert 1 - sum(lengths) / places < 0.10
