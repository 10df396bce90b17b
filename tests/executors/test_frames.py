import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from distill.executors.frames import cut


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 20))
def test_parts_are_the_table_and_no_seed_is_in_two_of_them(seeds, size):
    frame = pl.DataFrame({"seed_id": [str(seed) for seed in sorted(seeds)]}).with_row_index()
    parts = list(cut(frame, size))
    assert pl.concat(parts).equals(frame)
    found = [seed for part in parts for seed in part["seed_id"].unique()]
    assert len(found) == len(set(found))


def test_without_a_size_a_table_is_its_own_part():
    frame = pl.DataFrame({"seed_id": ["a", "b"]})
    assert [part.height for part in cut(frame, None)] == [2]
    assert [part.height for part in cut(frame.clear(), 1)] == [0]
