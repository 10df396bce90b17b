"""Which samples train the student and which only watch its loss (column `fate`: "train" or "valid").

Whole groups move together, and where a row has none its whole cluster; which ones is a hash's choice. A row near one of another cluster may still be on the other side:
the leak check after the split finds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import polars as pl

from distill.records import content_id
from distill.similarity.arrays import Bools, Int64s
from distill.tables.outcome import ordered


def split(frame: pl.DataFrame, *, valid: float) -> pl.DataFrame:
    """`valid`: the share of rows wanted, met as nearly as whole groups and clusters allow without passing it.

    From 10 rows on there is a validation row, unless all are one group or cluster; then, and below 10, none may be.
    """
    rows = ordered(frame)
    named = [
        f"group:{group}" if group else cluster or seed
        for group, cluster, seed in rows.select("group", "cluster", "seed_id").iter_rows()
    ]
    sizes = Counter(named)
    chosen = chosen_units(sizes, np.fromiter(sizes.values(), np.int64, len(sizes)), rows.height, valid)
    units = {unit for unit, own in zip(sizes, chosen.tolist(), strict=True) if own}
    fate = ["valid" if unit in units else "train" for unit in named]
    return rows.with_columns(pl.Series("fate", fate, dtype=pl.String))


def chosen_units(names: Iterable[str], sizes: Int64s, total: int, valid: float) -> Bools:
    """Which groups and clusters, of so many rows each, are for validation."""
    target = round(valid * total)
    if valid > 0 and total >= 10:
        target = max(1, target)
    hashes = np.fromiter((int(content_id("valid", name), 16) for name in names), np.uint64, len(sizes))
    order = np.argsort(hashes, kind="stable")
    chosen, filled = np.zeros(len(sizes), np.bool_), 0
    for at in order:
        if filled == target:
            break
        if filled + sizes[at] <= target:
            chosen[at] = True
            filled += int(sizes[at])
    if not chosen.any() and target and len(sizes) > 1:
        chosen[order[np.argmin(sizes[order])]] = True
    return chosen
