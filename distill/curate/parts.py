"""The rows of the dataset and their fate: balanced, split, and no training row that gives away one for validation.

What a validation row gives away is known only after the split, and then the row that goes leaves a gap in its stratum. So
the others are balanced and split again without it, until nothing is given away: spare rows fill the gaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.curate.balance import Floor, balance
from distill.curate.leaks import valid_leaks
from distill.curate.outcome import Outcome, ordered, summary
from distill.curate.split import split
from distill.graph import Graph
from distill.records import Json

ROUNDS = 8
"""From here on gaps stay: each round costs as much as the first, and few rows are left to go."""


@dataclass(frozen=True, slots=True)
class Parts:
    """`kept` has the column `fate`; the outcomes are those of the leak check, which comes first, and of the balance."""

    leaks: Outcome
    balance: Outcome
    kept: pl.DataFrame


def parts(
    frame: pl.DataFrame, *, quotas: Mapping[str, int], floors: Sequence[Floor] = (), by: str = "diverse", weight: float = 0.5,
    valid: float, near: float, graph: Graph | None = None,
) -> Parts:  # fmt: skip
    """As `balance`, `split` and `valid_leaks` one after the other, with the gaps filled."""
    rows = ordered(frame)
    leaking: list[Outcome] = []
    for number in range(ROUNDS):
        even = balance(rows, quotas=quotas, floors=floors, by=by, weight=weight)
        told = valid_leaks(split(even.kept, valid=valid), near=near, graph=graph)
        if told.dropped.height == 0:
            break
        leaking.append(told)
        rows = _without(rows, told.rejected)
        if number + 1 == ROUNDS:
            even = Outcome(_without(even.kept, told.rejected), even.dropped, _less(even, told), even.rejected)
            break
    dropped = pl.concat([told.dropped.clear(), *(one.dropped for one in leaking)])
    rejected = pl.concat([told.rejected.clear(), *(one.rejected for one in leaking)], how="diagonal")
    report = summary("valid_leaks", frame.height, dropped) | {
        "template_passages": told.report.get("template_passages", 0)
    }
    return Parts(Outcome(rows, dropped, report, ordered(rejected)), even, told.kept)


def _without(rows: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    key = ["seed_id", "teacher", "draw"]
    return rows.join(gone.select(key), on=key, how="anti", maintain_order="left")


def _less(even: Outcome, told: Outcome) -> dict[str, Json]:
    """The balance's report without the rows that the leak check took after it."""
    gone = told.dropped.height
    return {**even.report, "in": even.kept.height + even.dropped.height - gone, "kept": even.kept.height - gone}
