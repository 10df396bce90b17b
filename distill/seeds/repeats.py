"""How a seed that was dropped as a repeat says which row of its file it was: it has the id of the seed that stayed.

seeds.jsonl:9 (id 1007): same text as 4f0c… (seeds.jsonl:3)
"""

from __future__ import annotations

import re

from distill.records import Json

REASON = "repeated"
_PLACE = re.compile(r"(?P<source>.*?):(?P<line>\d+)(?: \(id (?P<own_id>.*)\))?: same text as ", re.DOTALL)


def detail(row: dict[str, Json], kept: dict[str, Json]) -> str:
    """The detail of a repeat in the table of drops."""
    own_id = f" (id {row['own_id']})" if row.get("own_id") else ""
    other = ", which has another known answer" if row["gold"] not in (None, kept["gold"]) else ""
    return f"{row['source']}:{row['line']}{own_id}: same text as {kept['seed_id']} ({kept['source']}:{kept['line']}){other}"


def is_named(text: str, given: str) -> bool:
    """Whether `given` is the own id, the line, or FILE:LINE of the repeat that this detail is of."""
    place = _PLACE.match(text)
    return place is not None and given in (place["own_id"], place["line"], f"{place['source']}:{place['line']}")
