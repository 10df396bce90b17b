"""How many rows each stratum is to have, over what it can give."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from distill.strata import coverage, quotas
from distill.strata.quotas import Targets

_MARGIN = 0.1
"""How many more than are lacking are asked for, as a share."""


def likely(lack: int, *, tried: int, got: int) -> int:
    """How many to try for so many lacking rows: a margin more, over the share of those tried before that came through."""
    return math.ceil(lack * (1 + _MARGIN) * (tried + 1) / (got + 1))


def of(
    targets: Targets, hoped: pl.DataFrame, clean: pl.DataFrame, train: pl.DataFrame, room: Mapping[str, int],
    *, firm: bool = False,
) -> dict[str, int]:  # fmt: skip
    """Quotas over what each stratum can still give: rows that passed (`clean`), seeds that may still give one (`hoped`), and
    those that could be made from its training seeds (`room`, by stratum). With `firm` only edge cases, floors, counts and shares.
    """
    rows = [*coverage.labelled(clean), *coverage.labelled(hoped)]
    available = Counter(stratum for stratum, _ in rows)
    matches = quotas.matching(rows, targets.edge_cases)
    if room:
        made_from = quotas.matching(coverage.labelled(train), targets.edge_cases)
        for stratum, count in room.items():
            available[stratum] += count
            for match, origin in zip(matches, made_from, strict=True):
                if stratum in origin:
                    match[stratum] = match.get(stratum, 0) + count
    natural = coverage.rows_by_stratum(train.filter(~pl.col("source").str.starts_with("expand:")))
    labels = dict([*coverage.labelled(train), *rows])
    wanted = replace(targets, per_stratum=0) if firm else targets
    return quotas.quotas(available, labels, wanted, matches=matches, natural=natural)


def wanted(targets: Targets, table: pl.DataFrame, room: Mapping[str, int], *, firm: bool = False) -> dict[str, int]:
    """What each stratum should hold if no row were lost, and as many were made as `room` allows; `firm` as for `of`."""
    train = table.filter(role="train")
    return of(targets, train, train.clear(), train, room, firm=firm)
