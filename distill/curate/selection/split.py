"""Which samples train the student and which only watch its loss (column `fate`: "train" or "valid").

Whole groups move together, and where a row has none its whole cluster; which ones is a hash's choice. A row near one of another cluster may still be on the other side:
the leak check after the split finds it.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from distill.records import content_id
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
    chosen = _choose(sizes, rows.height, valid)
    fate = ["valid" if cluster in chosen else "train" for cluster in named]
    return rows.with_columns(pl.Series("fate", fate, dtype=pl.String))


def _choose(sizes: Counter[str], total: int, valid: float) -> set[str]:
    target = round(valid * total)
    if valid > 0 and total >= 10:
        target = max(1, target)
    order = sorted(sizes, key=lambda cluster: content_id("valid", cluster))
    chosen: set[str] = set()
    filled = 0
    for cluster in order:
        if filled + sizes[cluster] <= target:
            chosen.add(cluster)
            filled += sizes[cluster]
    if not chosen and target and len(sizes) > 1:
        return {min(order, key=lambda cluster: sizes[cluster])}
    return chosen
