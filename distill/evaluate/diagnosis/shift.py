"""A shift: the test rows are not like the rows that trained, in their texts or in the mix of their labels.

Texts: the likeness of a test row to its nearest training row, beside that of a training row to its nearest other. Labels: the share of the
rows that would have to change their value for both mixes to be the same (total variation), where a chi-squared test finds no chance in it.
"""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.evaluate.selective.nearness import nearness, nearness_among
from distill.stats import FEW

if TYPE_CHECKING:
    import polars as pl

_LIKENESS, _MOVED, _CHANCE = 0.5, 0.25, 0.001
_SAMPLED = 300
"""Training rows whose nearest other is looked for."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the test rows are from those of training; `label` is empty where the texts alone are far."""

    tests: int
    test_likeness: float
    train_likeness: float
    label: str = ""
    moved: float = 0.0
    """Share of the rows, by which the mix of the label differs."""


def shift(tests: pl.DataFrame, train: pl.DataFrame, pool: pl.DataFrame) -> Shift | None:
    """`train` are the rows that trained; `pool` the seeds that could have, whose mix of labels no quota has changed."""
    if min(tests.height, train.height) < FEW:
        return None
    asked, known = [text or "" for text in tests["input"]], [text or "" for text in train["input"]]
    theirs, own = statistics.median(nearness(asked, known).tolist()), statistics.median(_among(known))
    label, moved = _label(tests, pool)
    if not label and theirs >= _LIKENESS * own:
        return None
    return Shift(tests.height, theirs, own, label, moved)


def _among(known: Sequence[str]) -> list[float]:
    """Of some training rows: the likeness to the nearest of the others."""
    some = known[:: -(-len(known) // _SAMPLED)]
    others = [text for n, text in enumerate(known) if n % -(-len(known) // _SAMPLED)] or known
    if others is known:  # few enough for each against all but itself
        return list(nearness_among(known))
    return list(nearness(some, others))


def _label(tests: pl.DataFrame, pool: pl.DataFrame) -> tuple[str, float]:
    """The label whose mix moved most, and by how much; ("", 0.0) where none did."""
    if "labels" not in tests.columns or pool.height < FEW:
        return "", 0.0
    there, here = _mixes(pool["labels"].to_list()), _mixes(tests["labels"].to_list())
    moved = [
        (share, name) for name in here.keys() & there.keys() if (share := _moved(here[name], there[name])) >= _MOVED
    ]
    share, name = max(moved, default=(0.0, ""))
    return name, share


def _mixes(column: Sequence[str | None]) -> dict[str, Counter[str]]:
    mixes: dict[str, Counter[str]] = {}
    for text in column:
        for name, value in json.loads(text or "{}").items():
            mixes.setdefault(name, Counter())[str(value)] += 1
    return mixes


def _moved(here: Mapping[str, int], there: Mapping[str, int]) -> float:
    """The total variation between two mixes; 0 where it may be chance, or one of them is of one value that the rows were chosen by."""
    from scipy.stats import chi2_contingency

    values = sorted(here.keys() | there.keys())
    table = [[side.get(value, 0) for value in values] for side in (here, there)]
    if len(here) < 2 or chi2_contingency(table).pvalue >= _CHANCE:
        return 0.0
    sizes = [sum(side) for side in table]
    apart = (abs(a / sizes[0] - b / sizes[1]) for a, b in zip(*table, strict=True))
    return float(sum(apart)) / 2
