"""The rows of the dataset and their fate: balanced, split, and no training row that gives away one for validation.

What a validation row gives away is known only after the split, and then the row that goes leaves a gap in its stratum. So
the others are balanced and split again without it, until nothing is given away: spare rows fill the gaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill import heap
from distill.curate.balance import Floor, balance
from distill.curate.leaks import valid_leaks
from distill.curate.outcome import Outcome, ordered, summary
from distill.curate.split import split
from distill.graph import Graph

ROUNDS = 8
"""From here on gaps stay: each round costs as much as the first, and few rows are left to go."""


_READ = (
    "seed_id",
    "teacher",
    "draw",
    "request_id",
    "stratum",
    "labels",
    "cluster",
    "input",
    "answer",
    "tool_calls",
    "score",
)
"""What the steps look at: the rounds hold these alone, since a million rows fit in memory once, not five times."""
_NAMED = ("seed_id", "teacher", "draw", "stratum")
_AT = "at"
"""The place of a row in the table."""


@dataclass(frozen=True, slots=True)
class Parts:
    """`kept` has the column `fate`; the outcomes are those of the leak check, which comes first, and of the balance.

    Of the rows that the leak check kept there are only their names and strata: the balance has them whole.
    """

    leaks: Outcome
    balance: Outcome
    kept: pl.DataFrame


def parts(
    frame: pl.DataFrame, *, quotas: Mapping[str, int], floors: Sequence[Floor] = (), by: str = "diverse", weight: float = 0.5,
    valid: float, near: float, graph: Graph | None = None,
) -> Parts:  # fmt: skip
    """As `balance`, `split` and `valid_leaks` one after the other, with the gaps filled."""
    whole = ordered(frame)
    rows = whole.select(*_READ, pl.col("^.*_template$")).with_row_index(_AT)
    leaking: list[pl.DataFrame] = []
    for number in range(ROUNDS):
        even = balance(rows, quotas=quotas, floors=floors, by=by, weight=weight)
        told = valid_leaks(split(even.kept, valid=valid), near=near, graph=graph)
        heap.release()
        if told.dropped.height == 0:
            break
        leaking.append(told.dropped)
        rows = rows.join(told.rejected.select(_AT), on=_AT, how="anti", maintain_order="left")
        if number + 1 == ROUNDS:
            even = _less(even, told)
    dropped = pl.concat([told.dropped.clear(), *leaking])
    report = summary("valid_leaks", frame.height, dropped)
    report |= {"template_passages": told.report.get("template_passages", 0)}
    fates = told.kept.drop(_READ)
    clean, spare, balanced = rows.select(_AT, *_NAMED), even.rejected[_AT], (even.dropped, even.report)
    del rows, even, told  # their columns are those of the whole again
    gone = whole.filter(~pl.int_range(pl.len()).is_in(clean[_AT].implode()))
    kept = whole.drop(fates.columns, strict=False)[fates[_AT]].hstack(fates.drop(_AT))
    leaks = Outcome(clean.drop(_AT), dropped, report, gone)
    return Parts(leaks, Outcome(kept, *balanced, whole[spare]), kept)


def _less(even: Outcome, told: Outcome) -> Outcome:
    """The balance without the rows that the leak check took after it and that nothing replaces."""
    gone = told.dropped.height
    report = {**even.report, "in": even.kept.height + even.dropped.height - gone, "kept": even.kept.height - gone}
    return Outcome(told.kept, even.dropped, report, even.rejected)
