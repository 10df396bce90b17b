"""Shards are ranges of seed ids, and batches keep groups whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.curate.shards.partition import batches, numbers, shard_of

IDS = st.lists(st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}"))


@given(IDS, st.integers(1, 300))
def test_one_after_the_other_shards_are_the_ids_in_order(ids: list[str], shards: int) -> None:
    found = shard_of(numbers(sorted(ids)), shards)
    assert (np.diff(found) >= 0).all()
    assert ((found >= 0) & (found < shards)).all()


@given(IDS)
def test_numbers_are_in_the_order_of_the_ids(ids: list[str]) -> None:
    assert [f"{number:016x}" for number in numbers(ids)] == ids


def test_what_is_no_id_has_no_number() -> None:
    with pytest.raises(ValueError, match="hex"):
        numbers(["not an id of hex"])


@given(st.lists(st.integers(0, 20)), st.integers(1, 6))
def test_a_group_is_in_one_batch_and_batches_are_about_as_large_as_asked(groups: list[int], most: int) -> None:
    found = batches(np.array(groups, np.int64), most)
    assert all(len({b for g, b in zip(groups, found.tolist(), strict=True) if g == group}) == 1 for group in groups)
    sizes = np.bincount(found) if groups else []
    largest = max(map(groups.count, groups), default=0)
    assert all(size < most + largest for size in sizes)
    assert all(size >= most for size in sizes[:-1])
