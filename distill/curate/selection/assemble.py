"""The rows of the dataset and their fate: balanced, split, and no training row that gives away one for validation.

What a validation row gives away is known only after the split, and then the row that goes leaves a gap in its stratum. So
spare rows fill the gaps, and all are split again, until nothing is given away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from distill.curate.leaks import TEXTS, valid_leaks
from distill.curate.selection.balance import Wanted, choose
from distill.curate.selection.split import split
from distill.similarity.graph import Graph
from distill.tables.outcome import Outcome, ordered, parted, summary
from distill.tables.remaining import RemainingRows

ROUNDS = 8
"""What leaks in the last one leaves gaps: each round costs as much as the first, and few rows are left to go."""


_READ = (
    "seed_id", "teacher", "kind", "draw", "request_id", "stratum", "labels", "cluster", "group", "input", "answer", "tool_calls", "score",
)  # fmt: skip
"""What the steps look at: the rounds hold these alone, since a million rows fit in memory once, not five times."""
_NAMED = ("seed_id", "teacher", "kind", "draw", "stratum")
_AT = "at"
"""The place of a row in the table."""


@dataclass(frozen=True, slots=True)
class Selection:
    """`kept` has the column `fate`; the outcomes are those of the leak check, which comes first, and of the balance.

    Of the rows that the leak check kept there are only their names and strata: the balance has them whole.
    """

    leaks: Outcome
    balance: Outcome
    kept: pl.DataFrame


def select(
    frame: pl.DataFrame, wanted: Wanted, *, valid: float, near: float, graph: Graph | None = None,
    template: Sequence[str] = (),
) -> Selection:  # fmt: skip
    """As `balance`, `split` and `valid_leaks` one after the other, with the gaps filled."""
    whole = ordered(frame)
    rows = whole.select(*_READ, pl.col("^.*_template$")).with_row_index(_AT)
    leaking, lost, before = list[pl.DataFrame](), np.empty(0, np.int64), None
    for _ in range(ROUNDS):
        choice = choose(rows, wanted, lost, before)
        picked = RemainingRows(split(rows.filter(choice.picked), valid=valid))
        picked.run(partial(valid_leaks, near=near, graph=graph, template=template))
        fates, (loss,) = picked.take().select(_AT, pl.selectors.exclude(_READ, _AT)), picked.losses
        leaking.append(loss.dropped)
        lost = np.concatenate((lost, loss.rejected[_AT].to_numpy()))
        if leaking[-1].height == 0:
            break
        before = choice.picked
    fates = fates.sort(_AT)
    over = parted(rows.drop(TEXTS), choice.whys(), stage="balance")
    clean = rows.filter(~pl.col(_AT).is_in(lost)).select(_NAMED)
    counts = over.report | {"in": clean.height, "kept": fates.height} | choice.report
    report = summary("valid_leaks", frame.height, pl.concat(leaking)) | {
        "template_passages": loss.report["template_passages"]
    }
    kept = whole.drop(fates.columns, strict=False)[fates[_AT]].hstack(fates.drop(_AT))
    return Selection(
        Outcome(clean, pl.concat(leaking), report, whole.filter(pl.int_range(pl.len()).is_in(lost))),
        Outcome(kept, over.dropped, counts, whole[over.rejected[_AT]]),
        kept,
    )
