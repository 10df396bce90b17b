"""Macro-F1 with its 95 % interval: rows are drawn again, with what was wanted and said in them (BCa; percentile beyond 2,000 rows).

The F1 of a label is 2 TP / (wanted + found). The mean is over the labels that are wanted; in a draw that has neither a row that wants a
label nor one that got it, that label is left out of the mean.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from distill.stats import Estimate, proportion

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_DRAWS = 2000
_BCA_AT_MOST = 2000
_CELLS = 2_000_000
"""Numbers of a batch of draws."""


def macro_f1(wanted: Sequence[int], found: Sequence[int], labels: int) -> Estimate:
    """Labels are 0 … `labels` - 1; a `found` outside of them is no label. Where every row is right the interval is that of a share of rows."""
    one, other = np.asarray(wanted, np.int64), _inside(found, labels)
    if np.array_equal(one, other):
        share = proportion(len(one), len(one))
        return Estimate(1.0, share.low, share.high, len(one))
    return _estimate(lambda rows: _scores(one[rows], other[rows], labels), len(one), floor=0.0, labels=labels)


def macro_f1_gap(wanted: Sequence[int], a: Sequence[int], b: Sequence[int], labels: int) -> Estimate:
    """Macro-F1 of `a` minus that of `b` on the same rows; where both say the same, as far as so many rows can tell."""
    one, left, right = np.asarray(wanted, np.int64), _inside(a, labels), _inside(b, labels)
    n = len(one)
    if np.array_equal(left, right):
        unseen = 1 - 0.025 ** (1 / n)
        return Estimate(0.0, -unseen, unseen, n)
    return _estimate(
        lambda rows: _scores(one[rows], left[rows], labels) - _scores(one[rows], right[rows], labels), n, floor=-1.0,
        labels=labels,
    )  # fmt: skip


def _inside(found: Sequence[int], labels: int) -> Ints:
    given = np.asarray(found, np.int64)
    return np.where((given >= 0) & (given < labels), given, labels)


def _scores(wanted: Ints, found: Ints, labels: int) -> Floats:
    """(draws, rows) twice → macro-F1 of each draw."""
    wanted, found = np.atleast_2d(wanted), np.atleast_2d(found)
    draws, width = len(wanted), labels + 1
    place = np.arange(draws)[:, None] * width
    support, got = (np.bincount((place + one).ravel(), minlength=draws * width) for one in (wanted, found))
    hit = np.bincount((place + np.where(wanted == found, wanted, labels)).ravel(), minlength=draws * width)
    total, right = ((support + got).reshape(draws, width)[:, :labels], hit.reshape(draws, width)[:, :labels])
    there = total > 0
    f1 = np.where(there, 2 * right / np.where(there, total, 1), 0.0)
    mean: Floats = f1.sum(axis=1) / np.maximum(1, there.sum(axis=1))
    return mean


def _estimate(statistic: Callable[[Ints], Floats], n: int, *, floor: float, labels: int) -> Estimate:
    from scipy.stats import bootstrap

    rows = np.arange(n, dtype=np.int64)
    mean = float(statistic(rows)[0])

    def of_draws(drawn: Ints, axis: int = -1) -> Floats:
        found = statistic(np.moveaxis(drawn, axis, -1).reshape(-1, drawn.shape[axis]))
        return found.reshape(np.delete(drawn.shape, axis)) if drawn.ndim > 1 else found[0]

    for method in ("BCa", "percentile") if n <= _BCA_AT_MOST else ("percentile",):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy warns of degenerate data, which the finite check below sees
            interval = bootstrap(
                (rows,),
                of_draws,
                method=method,
                n_resamples=_DRAWS,
                batch=max(1, _CELLS // (n + labels)),
                vectorized=True,
                rng=0,
            ).confidence_interval
        low, high = float(interval.low), float(interval.high)
        if math.isfinite(low) and math.isfinite(high):
            return Estimate(mean, max(floor, min(low, mean)), min(1.0, max(high, mean)), n)
    return Estimate(mean, floor, 1.0, n)
