import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.records import Seed
from distill.seeds import packed
from distill.seeds.load import table
from distill.seeds.packed import PackedSeeds

# Half an emoji and an integer beyond 64 bits are JSON too.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXTS, inside, max_size=3),
    max_leaves=6,
)
SEEDS = st.builds(
    Seed,
    st.dictionaries(TEXTS, VALUES, max_size=4),
    st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
    st.none() | st.dictionaries(TEXTS, VALUES, max_size=3),
    st.integers(0, 10**6),
    st.sampled_from(["seeds.jsonl", "mehr ü.csv"]),
)


@given(st.lists(SEEDS, max_size=8))
def test_a_seed_comes_back_as_it_was_with_its_fields_in_their_order(seeds):
    found = PackedSeeds.of(iter(seeds))
    assert list(found) == seeds
    assert [list(seed.fields) for seed in found] == [list(seed.fields) for seed in seeds]
    assert [seed.id for seed in found] == [seed.id for seed in seeds]


def test_seeds_are_found_by_their_place_across_pieces(monkeypatch):
    monkeypatch.setattr(packed, "_AT_ONCE", 3)
    seeds = [Seed({"message": f"message {n}"}, line=n) for n in range(8)]
    found = PackedSeeds.of(seeds)
    assert len(found.pieces) == 3
    assert (len(found), list(found)) == (8, seeds)
    assert [found[n] for n in range(-8, 8)] == [*seeds, *seeds]
    assert found[2:7:2] == seeds[2:7:2]
    assert found.index(seeds[5]) == 5
    with pytest.raises(IndexError):
        found[8]


@given(st.lists(SEEDS, max_size=4))
def test_the_table_of_packed_seeds_is_that_of_their_list(seeds):
    assert table(PackedSeeds.of(seeds)).equals(table(seeds))
