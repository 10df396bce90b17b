"""Nested subsets of the training rows, each spread over strata as the whole is, and how many rows each has.

A seed orders the rows of each stratum by a hash of their ids; the row at place i of a stratum of n stands at (i + 1/2) / n of the whole.
The first rows of that order are the subset: so each is part of every larger one, and each stratum has its share to within a row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from distill.errors import UsageError
from distill.records import content_id

SHARES = (0.25, 0.5, 0.75, 1.0)
FEWEST_POINTS = 2
_NUMBER = re.compile(r"(\d+)(%?)")


class RowKey(NamedTuple):
    """A training row: its stratum, and what tells it from all others."""

    stratum: str
    id: tuple[str, ...]


def chosen(rows: Sequence[RowKey], count: int, seed: int) -> list[int]:
    """The places of `count` rows, ascending."""
    sizes, seen = Counter(row.stratum for row in rows), Counter[str]()
    places: list[tuple[float, str, int]] = []
    ordered = sorted((content_id("curve", seed, list(row.id)), place) for place, row in enumerate(rows))
    for digest, place in ordered:
        stratum = rows[place].stratum
        places.append(((seen[stratum] + 0.5) / sizes[stratum], digest, place))
        seen[stratum] += 1
    return sorted(place for _, _, place in sorted(places)[:count])


def sizes(given: str | None, total: int, *, least: int) -> list[int]:
    """How many rows each point has, ascending: of `--rows 50,100,200` or `--rows 25%,100%`, by itself quarters of all.

    UsageError where one is no number, or more or fewer than there can be; points below `least` that nobody named are left out.
    """
    if given is None:
        found = sorted({round(share * total) for share in SHARES} - set(range(least)))
    else:
        found = sorted({_size(part.strip(), total) for part in given.split(",")})
        if (wrong := [count for count in found if not least <= count <= total]) and total >= least:
            raise UsageError(
                f"--rows names {wrong[0]:,}; a point has at least {least:,} rows, and the run has {total:,} training rows"
            )
    if len(found) < FEWEST_POINTS or total < least:
        raise UsageError(
            f"a curve takes at least {FEWEST_POINTS} points of {least:,} rows or more, and the run has {total:,} training rows; "
            "name other points with --rows, or make the dataset larger (dataset.accept)"
        )
    return found


def _size(part: str, total: int) -> int:
    match = _NUMBER.fullmatch(part)
    if match is None:
        raise UsageError(
            f"--rows holds {part[:40]!r}; expected numbers of rows or percents, say --rows 50,100,200 or 25%,100%"
        )
    return round(int(match[1]) / 100 * total) if match[2] else int(match[1])
