"""One step that was done on parts of a table, as one outcome: what it would have been on the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl

from distill.records import Json
from distill.tables.outcome import Outcome


def merged(parts: Sequence[Outcome]) -> Outcome:
    """The outcomes of the parts, in the order of the table; of a single part itself.

    Counts add up. What else a report says must be the same for all parts.
    """
    if len(parts) == 1:
        return parts[0]
    return Outcome(
        kept=pl.concat([part.kept for part in parts]),
        dropped=pl.concat([part.dropped for part in parts]),
        report=_report([part.report for part in parts]),
        rejected=pl.concat([part.rejected for part in parts]),
    )


def _report(reports: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    first = reports[0]
    return {name: _value(name, [report[name] for report in reports]) for name in first}


def _value(name: str, values: Sequence[Json]) -> Json:
    first = values[0]
    if isinstance(first, int) and not isinstance(first, bool):
        return sum(values)
    if isinstance(first, Mapping):
        total = Counter[str]()
        for counts in values:
            total.update(counts)
        return dict(sorted(total.items()))
    if any(value != first for value in values):
        raise ValueError(f"parts of one step report different {name!r}: {sorted(set(map(str, values)))}")
    return first
