"""Pages of a list by the cursor `after`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.protocol.error import ApiError
from distill.protocol.page import page


@given(st.integers(0, 30), st.integers(1, 12))
def test_pages_together_are_the_list(total: int, limit: int) -> None:
    rows = [{"id": f"x-{n}"} for n in range(total)]
    found: list[dict[str, object]] = []
    query = {"limit": str(limit)}
    while True:
        here = page(rows, query)
        found += here["data"]
        assert here["first_id"] == (here["data"][0]["id"] if here["data"] else None)
        if not here["has_more"]:
            break
        query["after"] = here["last_id"]
    assert found == rows


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "101"}, {"limit": "-1"}, {"limit": "٣"}, {"limit": "1" * 5000}, {"after": "y"}]
)
def test_what_makes_no_sense_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ApiError):
        page([{"id": "x"}], query)
