"""What a training row of a run has cost: its teachers' answers, those that were dropped among them, and its judges' verdicts, over the rows that
were kept. An answer counts as it was paid for, be it by an earlier run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from distill.evaluate.curve.result import RowPrice
from distill.records import GOLD

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from distill.teacher.store.queries import SpenderTotals

_JUDGE = "judge "


def price_a_row(samples: pl.DataFrame, spenders: Sequence[SpenderTotals]) -> RowPrice:
    """`samples` holds teacher, fate and usd of samples.parquet; `spenders` is the run's ledger."""
    asked = samples.filter(samples["teacher"] != GOLD)
    kept = asked.filter(asked["fate"] != "dropped").height
    judges = [row for row in spenders if row.spender.startswith(_JUDGE)]
    if not kept:
        return RowPrice(None, 0)
    if asked["usd"].null_count() or any(row.unpriced for row in judges):
        return RowPrice(None, kept)
    return RowPrice((float(asked["usd"].sum()) + sum(row.usd for row in judges)) / kept, kept)
