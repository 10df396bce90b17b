"""The rows of the dataset and their fate: balanced, split, and no training row that gives away one for validation.

What a validation row gives away is known only after the split, and then the row that goes leaves a gap in its stratum. So
the others are balanced and split again without it, until nothing is given away: spare rows fill the gaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from distill import memory
from distill.curate.leaks import TEXTS, valid_leaks
from distill.curate.selection.balance import Floor, choose
from distill.curate.selection.split import split
from distill.similarity.graph import Graph
from distill.tables.outcome import Outcome, ordered, parted, summary

ROUNDS = 8
"""What leaks in the last one leaves gaps: each round costs as much as the first, and few rows are left to go."""


_READ = (
    "seed_id",
    "teacher",
    "kind",
    "draw",
    "request_id",
    "stratum",
    "labels",
    "cluster",
    "group",
    "input",
    "answer",
    "tool_calls",
    "score",
)
"""What the steps look at: the rounds hold these alone, since a million rows fit in memory once, not five times."""
_NAMED = ("seed_id", "teacher", "kind", "draw", "stratum")
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
    valid: float, near: float, graph: Graph | None = None, template: Sequence[str] = (),
) -> Parts:  # fmt: skip
    """As `balance`, `split` and `valid_leaks` one after the other, with the gaps filled."""
    whole = ordered(frame)
    rows = whole.select(*_READ, pl.col("^.*_template$")).with_row_index(_AT)
    leaking, lost = list[pl.DataFrame](), np.empty(0, np.int64)
    for _ in range(ROUNDS):
        chosen = choose(rows, quotas=quotas, floors=floors, by=by, weight=weight, lost=lost)
        both = split(rows.filter(chosen.picked), valid=valid)
        told = valid_leaks(both, near=near, graph=graph, template=template)
        del both
        memory.release()
        leaking.append(told.dropped)
        lost = np.concatenate((lost, told.rejected[_AT].to_numpy()))
        fates, templates = told.kept.select(_AT, pl.selectors.exclude(_READ, _AT)), told.report["template_passages"]
        del told  # or the next round would stand beside it
        if leaking[-1].height == 0:
            break
    fates = fates.sort(_AT)
    even = parted(rows.drop(TEXTS), chosen.whys(), stage="balance")
    clean = rows.filter(~pl.col(_AT).is_in(lost)).select(_NAMED)
    counts = even.report | {"in": clean.height, "kept": fates.height} | chosen.report
    report = summary("valid_leaks", frame.height, pl.concat(leaking)) | {"template_passages": templates}
    del rows
    kept = whole.drop(fates.columns, strict=False)[fates[_AT]].hstack(fates.drop(_AT))
    return Parts(
        Outcome(clean, pl.concat(leaking), report, whole.filter(pl.int_range(pl.len()).is_in(lost))),
        Outcome(kept, even.dropped, counts, whole[even.rejected[_AT]]),
        kept,
    )
