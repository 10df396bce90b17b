"""Keep as many samples of each stratum as its quota says, the best ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import polars as pl

from distill.curate.outcome import Outcome, by_worth, ordered, partition
from distill.records import GOLD

Floor = tuple[Mapping[str, str], int]
"""An edge case: (labels that a row must have, how many such rows are picked before all others)."""


def balance(frame: pl.DataFrame, *, quotas: Mapping[str, int], floors: Sequence[Floor] = ()) -> Outcome:
    """Within a stratum: rows that a floor needs, then approved ones, then the highest score, then a hash of the seed_id.

    A stratum without a quota is not limited. A floor never lifts a stratum above its quota.
    """
    rows = ordered(frame)
    strata = rows["stratum"].to_list()
    digests = [blake2b(seed.encode(), digest_size=8).digest() for seed in rows["seed_id"]]
    scores, gold = rows["score"].to_list(), (rows["teacher"] == GOLD).to_list()
    rank = sorted(by_worth(rows), key=lambda i: (not gold[i], scores[i] is None, -(scores[i] or 0.0), digests[i]))
    left = {name: quotas.get(name, rows.height) for name in set(strata)}
    picked: set[int] = set()
    for i in [*_needed(rows, rank, floors, left), *rank]:
        if i not in picked and left[strata[i]] > 0:
            picked.add(i)
            left[strata[i]] -= 1
    held = Counter(strata)
    drops = {
        i: ("over_quota", f"quota of {name}: {quotas.get(name)} of {held[name]}")
        for i, name in enumerate(strata)
        if i not in picked
    }
    return partition(rows, drops, stage="balance")


def _needed(rows: pl.DataFrame, rank: Sequence[int], floors: Sequence[Floor], left: Mapping[str, int]) -> list[int]:
    """The best rows of each edge case, up to its floor; a row counts for every edge case it belongs to."""
    labels = [json.loads(text) for text in rows["labels"].to_list()]
    strata = rows["stratum"].to_list()
    room = dict(left)
    picked: dict[int, None] = {}
    for where, at_least in floors:
        fits = [i for i in rank if all(labels[i].get(name) == value for name, value in where.items())]
        still = at_least - sum(i in picked for i in fits)
        for i in fits:
            if still > 0 and i not in picked and room[strata[i]] > 0:
                picked[i] = None
                room[strata[i]] -= 1
                still -= 1
    return list(picked)
