"""Intervals of a learning curve: one bootstrap over test rows and seeds for all of its points together.

`values` has the shape (points, seeds, rows): scores in 0..1 of the same test rows, in one order. Rows are drawn with replacement, whole
clusters at a time, and seeds apart from them (Owen's pigeonhole bootstrap), the same draw for every point: so differences between points
stay paired. A few seeds
spread less than many would, so each seed's distance from the mean is stretched by sqrt(s / (s - 1)) first. With one seed nothing is known of
its variance, and intervals are those of the rows alone, as in a comparison.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from distill.stats import Estimate, mean_interval, paired_difference
from distill.stats.cluster_draws import cluster_of_rows, widened
from distill.stats.clusters import Clusters

Floats = NDArray[np.float64]
DRAWS = 4000
_AT_ONCE = 250
ROWS_ALONE = "95 %, bootstrapped over test rows; the variance of a training's own seed is not in it"


def described(seeds: int) -> str:
    """How the intervals of so many seeds are made."""
    if seeds == 1:
        return ROWS_ALONE
    return f"95 %, bootstrapped over test rows and the {seeds} seeds, so that a training's own variance is in it"


def drawn_means(values: Floats, clusters: Clusters | None = None, draws: int = DRAWS) -> Floats:
    """(draws, points): the mean of each point in each draw; the same values give the same draws."""
    _, seeds, rows = values.shape
    stretched, place = _stretched(values), cluster_of_rows(rows, clusters)
    groups = int(place.max()) + 1
    random, means = np.random.default_rng(0), []
    for start in range(0, draws, _AT_ONCE):
        count = min(_AT_ONCE, draws - start)
        times = random.multinomial(groups, np.full(groups, 1 / groups), count)[:, place]
        of_rows = times / times.sum(axis=1, keepdims=True)
        of_seeds = random.multinomial(seeds, np.full(seeds, 1 / seeds), count) / seeds
        means.append(np.einsum("psr,dr,ds->dp", stretched, of_rows, of_seeds, optimize=True))
    return np.concatenate(means)


def score(values: Floats, drawn: Floats, clusters: Clusters | None = None) -> Estimate:
    """The mean of one point, (seeds, rows), with its interval; `drawn` are the point's means."""
    by_row = values.mean(axis=0)
    if len(values) == 1 or np.ptp(values) < 1e-12:
        return mean_interval(np.clip(by_row, 0, 1).tolist(), clusters)
    return _percentiles(float(by_row.mean()), drawn, values.shape[1], clusters)


def difference(a: Floats, b: Floats, drawn: Floats, clusters: Clusters | None = None) -> Estimate:
    """The mean of a - b, each (seeds, rows), row by row; `drawn` are the differences of the points' means."""
    by_row = a.mean(axis=0) - b.mean(axis=0)
    if len(a) == 1 or np.ptp(a - b) < 1e-12:
        return paired_difference(a.mean(axis=0).tolist(), b.mean(axis=0).tolist(), clusters)
    return _percentiles(float(by_row.mean()), drawn, a.shape[1], clusters)


def _stretched(values: Floats) -> Floats:
    seeds = values.shape[1]
    if seeds == 1:
        return values
    of_seed = values.mean(axis=2, keepdims=True)
    stretch = np.sqrt(seeds / (seeds - 1)) - 1
    wider: Floats = values + stretch * (of_seed - of_seed.mean(axis=1, keepdims=True))
    return wider


def _percentiles(mean: float, drawn: Floats, rows: int, clusters: Clusters | None) -> Estimate:
    low, high = (float(at) for at in np.percentile(drawn, [2.5, 97.5]))
    return Estimate(mean, *widened(mean, min(low, mean), max(high, mean), clusters), rows)
