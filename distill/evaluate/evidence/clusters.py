"""Which test rows belong together: those of one group, such as a conversation, and those that are near each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import polars as pl

COLUMNS = ("group", "cluster")
"""Of seeds.parquet: what a row came from, and the row that it is a near copy of."""


def clusters_of(tests: pl.DataFrame) -> dict[str, str]:
    """seed_id → the name of its cluster, for the rows that are not alone in theirs; rows of one group or one cluster are in one."""
    seeds = tests["seed_id"].to_list()
    root = {seed: seed for seed in seeds}

    def find(seed: str) -> str:
        while root[seed] != seed:
            root[seed] = root[root[seed]]
            seed = root[seed]
        return seed

    for column in COLUMNS:
        for together in _together(tests, column):
            first = find(together[0])
            for seed in together[1:]:
                root[find(seed)] = first
    names = {seed: find(seed) for seed in seeds}
    sizes = Counter(names.values())
    return {seed: name for seed, name in names.items() if sizes[name] > 1}


def _together(tests: pl.DataFrame, column: str) -> Iterable[Sequence[str]]:
    if column not in tests.columns:
        return ()
    rows: dict[str, list[str]] = defaultdict(list)
    for seed, name in tests.select("seed_id", column).drop_nulls().iter_rows():
        rows[str(name)].append(seed)
    return rows.values()
