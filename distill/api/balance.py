"""Rows over their quotas, left out: the choice that curation makes, for any frame of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from distill.curate.selection.balance import Floor, Wanted
from distill.curate.selection.balance import balance as balanced
from distill.tables.outcome import Outcome

if TYPE_CHECKING:
    import polars as pl


def balance(
    frame: pl.DataFrame, *, quotas: Mapping[str, int], floors: Sequence[Floor] = (), by: str = "diverse", weight: float = 0.5
) -> Outcome:  # fmt: skip
    """Keep of each stratum as many rows as its quota says; a stratum without one is not limited.

        distill.balance(run.dataset, quotas={"billing": 40, "delivery": 40}).kept

    `by` is "score" (the highest first) or "diverse" (variety of input and answer by `weight`, the score by the rest).
    """
    return balanced(frame, Wanted(quotas, floors, by, weight))
