"""What new seeds may cost, before any is made: the cap's worth of making, checking and answering them.

No text of theirs is known yet, so the real seeds that they would be made from stand in for them; the share that is expected
is what the strata lack if no row is lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from distill.flow import asks, curation, expanding
from distill.records import Request

if TYPE_CHECKING:
    import polars as pl

    from distill.flow.project import Asked, Project

Row = Callable[[str, Sequence[Request], "Asked", float], dict[str, Any]]
"""A plan's row from the spender's name, its requests, who is asked, and the share of them that is expected."""
ONLY = "strata lack when no seed is left"


def rows(project: Project, table: pl.DataFrame, row: Row) -> list[dict[str, Any]]:
    """The plan's rows of expansion; none where the spec makes no seeds."""
    wanted = project.spec.seeds.expand
    if wanted is None:
        return []
    expansion = expanding.Expansion(project, table, table.clear())
    most = expanding.unlimited(project, table)
    due = expansion.next(most, frozenset())
    fields = dict(table.select("seed_id", "fields").iter_rows())
    held = table.filter(role="train").height
    lack = max(0, sum(curation.wanted(project, table, most).values()) - held)
    share = min(1.0, lack / max(1, len(due)))
    at, teacher = project.maker, project.teachers[0]
    answers = [ask for one in due for ask in asks.first(project, one.parent)]
    found = [row(expanding.MAKES, [expansion.request(one) for one in due], at, share)]
    if wanted.plausible:
        checks = [expansion.check(one, json.loads(fields[one.parent])) for one in due]
        found.append(row(expanding.CHECKS, checks, at, share))
    found.append(row("teacher, new seeds", _anew(asks.requests(project, table, answers)), teacher, share))
    return [one | _expected(one) | {"only": ONLY} for one in found]


def _anew(requests: Sequence[Request]) -> list[Request]:
    """The same questions about rows that nobody was asked about yet."""
    return [Request(one.endpoint, one.body, -1 - n) for n, one in enumerate(requests)]


def _expected(row: dict[str, Any]) -> dict[str, Any]:
    """Nothing is measured of rows that are not there: between nothing and the ceiling."""
    most = row["usd_at_most"]
    if most is None:
        return {}
    return {"usd_expected": row["share_expected"] * most, "usd_low": 0.0, "usd_high": most}
