"""Which rows the new teacher is asked before anything is decided: some of each stratum, by a hash of the row.

The rule: 20 rows of each stratum, or all of a smaller one. Where one answer in seven of a stratum would change, 20 rows show at least
one of them in 95 of 100 samples (1 - (6/7)^20 = 0.954). The same rows are drawn each time, and those of a stratum that is asked anew
are part of it: none is paid for twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from distill.records import content_id

ROWS = 20
"""Rows of a stratum."""


def drawn(strata: Mapping[str, str], rows: int = ROWS) -> list[str]:
    """Of `strata` (seed_id → stratum) the seeds that are asked, ordered by stratum and by a hash of the seed."""
    pools: dict[str, list[str]] = {}
    for seed, stratum in strata.items():
        pools.setdefault(stratum, []).append(seed)
    return [
        seed
        for _, pool in sorted(pools.items())
        for seed in sorted(pool, key=lambda seed: content_id("refresh", seed))[:rows]
    ]
