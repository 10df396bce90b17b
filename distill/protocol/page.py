"""A page of a list, by the cursor `after`, as the public API pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distill.protocol.error import ApiError
from distill.records import Json


def page(
    rows: Sequence[Mapping[str, Json]], query: Mapping[str, str], *, usual: int = 20, most: int = 100
) -> dict[str, Json]:
    """The part of `rows` after the one whose id is `after`, `limit` of them; ApiError where either makes no sense."""
    limit = limit_of(query, usual=usual, most=most)
    names = [row["id"] for row in rows]
    if (after := query.get("after")) is not None and after not in names:
        raise ApiError(f"No object with id '{after}' to list after.", param="after")
    start = names.index(after) + 1 if after is not None else 0
    found = list(rows[start : start + limit])
    ends = {"first_id": found[0]["id"], "last_id": found[-1]["id"]} if found else {"first_id": None, "last_id": None}
    return {"object": "list", "data": found, **ends, "has_more": start + len(found) < len(names)}


def limit_of(query: Mapping[str, str], *, usual: int, most: int) -> int:
    """Rows of a page as the query asks; ApiError outside of 1 to `most`."""
    given = query.get("limit", str(usual))
    if not (given.isascii() and given.isdigit() and len(given) < 10) or not 1 <= int(given) <= most:
        raise ApiError(f"limit must be between 1 and {most}", param="limit")
    return int(given)
