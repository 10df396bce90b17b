import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.tables.lookup import Lookup

IDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
ROWS = st.dictionaries(IDS, st.text(max_size=5))


@given(ROWS, IDS)
def test_it_is_the_mapping_of_the_column(rows, other):
    found = Lookup(
        pl.DataFrame({"seed_id": list(rows), "text": list(rows.values())}, schema={"seed_id": str, "text": str}), "text"
    )
    assert dict(found) == rows
    assert (other in found) == (other in rows)


def test_what_is_not_there_is_a_key_error():
    found = Lookup(pl.DataFrame({"seed_id": ["b", "a"], "text": ["x", None]}), "text")
    assert (found["a"], found["b"]) == (None, "x")
    for missing in ("", "0", "aa", "c"):
        with pytest.raises(KeyError):
            found[missing]
