"""Macro-F1 with its 95 % interval: rows are drawn again, with what was wanted and said in them (BCa; percentile beyond 2,000 rows).

The F1 of a label is 2 TP / (wanted + found). The mean is over the labels that are wanted; in a draw that has neither a row that wants a
label nor one that got it, that label is left out of the mean. Rows of one cluster are drawn together (`distill.stats.cluster_draws`).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from distill.stats import Estimate, mean_interval
from distill.stats.cluster_draws import Floats, Ints, cluster_of_rows, times_drawn, widened
from distill.stats.clusters import Clusters, independent_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Statistic = Callable[[Floats], Floats]
"""(draws, clusters), how often each is drawn → (draws,)."""
_DRAWS = 2000
_BCA_AT_MOST = 2000
_CELLS = 2_000_000
"""Numbers of a batch of draws."""


def macro_f1(wanted: Sequence[int], found: Sequence[int], labels: int, clusters: Clusters | None = None) -> Estimate:
    """Labels are 0 … `labels` - 1; a `found` outside of them is no label. Where every row is right the interval is that of a share of rows."""
    one, other = np.asarray(wanted, np.int64), _inside(found, labels)
    if np.array_equal(one, other):
        return mean_interval([1.0] * len(one), clusters)
    return _estimate(_f1_of(one, other, labels, clusters), clusters, len(one), floor=0.0, labels=labels)


def macro_f1_gap(
    wanted: Sequence[int], a: Sequence[int], b: Sequence[int], labels: int, clusters: Clusters | None = None
) -> Estimate:
    """Macro-F1 of `a` minus that of `b` on the same rows; where both say the same, as far as so many rows can tell."""
    one, left, right = np.asarray(wanted, np.int64), _inside(a, labels), _inside(b, labels)
    n = len(one)
    if np.array_equal(left, right):
        unseen = 1 - 0.025 ** (1 / independent_rows([0.0] * n, clusters))
        return Estimate(0.0, -unseen, unseen, n)
    ours, theirs = (_f1_of(one, said, labels, clusters) for said in (left, right))
    return _estimate(lambda times: ours(times) - theirs(times), clusters, n, floor=-1.0, labels=labels)


def _inside(found: Sequence[int], labels: int) -> Ints:
    given = np.asarray(found, np.int64)
    return np.where((given >= 0) & (given < labels), given, labels)


def _f1_of(wanted: Ints, found: Ints, labels: int, clusters: Clusters | None) -> Statistic:
    """Macro-F1 by how often each cluster is drawn."""
    place = cluster_of_rows(len(wanted), clusters)
    seen = _counts(place, wanted, labels) + _counts(place, found, labels)
    hit = _counts(place, np.where(wanted == found, wanted, labels), labels)

    def macro(times: Floats) -> Floats:
        total, right = ((matrix.T @ times.T).T for matrix in (seen, hit))
        there = total > 0
        f1 = np.where(there, 2 * right / np.where(there, total, 1), 0.0)
        mean: Floats = f1.sum(axis=1) / np.maximum(1, there.sum(axis=1))
        return mean

    return macro


def _counts(place: Ints, label: Ints, labels: int) -> csr_matrix:
    """(clusters, labels): in how many rows of each cluster each label stands; number `labels` is none."""
    from scipy.sparse import csr_matrix

    known = label < labels
    shape = (int(place.max()) + 1, labels)
    return csr_matrix((np.ones(int(known.sum())), (place[known], label[known])), shape=shape)


def _estimate(statistic: Statistic, clusters: Clusters | None, n: int, *, floor: float, labels: int) -> Estimate:
    count = len(set(clusters)) if clusters is not None else n
    mean = float(statistic(np.ones((1, count)))[0])
    for method in ("BCa", "percentile") if count <= _BCA_AT_MOST else ("percentile",):
        low, high = _interval(statistic, count, method, labels)
        if math.isfinite(low) and math.isfinite(high):
            low, high = widened(mean, min(low, mean), max(high, mean), clusters)
            return Estimate(mean, max(floor, low), min(1.0, high), n)
    return Estimate(mean, floor, 1.0, n)


def _interval(statistic: Statistic, count: int, method: str, labels: int) -> tuple[float, float]:
    """The ends by scipy's bootstrap over so many clusters; NaN where the draws have no spread."""
    from scipy.stats import bootstrap

    def of_draws(drawn: Ints, axis: int = -1) -> Floats:
        found = statistic(times_drawn(np.moveaxis(drawn, axis, -1).reshape(-1, drawn.shape[axis]), count))
        return found.reshape(np.delete(drawn.shape, axis)) if drawn.ndim > 1 else found[0]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns of degenerate data, which the caller sees by its NaN
        found = bootstrap(
            (np.arange(count, dtype=np.int64),), of_draws, method=method, n_resamples=_DRAWS,
            batch=max(1, _CELLS // (count + labels)), vectorized=True, rng=0,
        ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)
