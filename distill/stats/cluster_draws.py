"""Rows drawn again, whole clusters at a time: the bootstrap of statistics that are no mean, such as macro-F1, where rows belong together.

Turns of a conversation fail together. Drawn one by one they look like so many independent rows, and the interval is too narrow; drawn by the
conversation it is not. Few clusters spread less than many would, so an interval is widened by Student's t and by sqrt(c / (c - 1)). Where
each row is alone, both leave it as it is.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from distill.stats.clusters import Clusters, quantile
from distill.stats.score_interval import Z

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def cluster_of_rows(rows: int, clusters: Clusters | None) -> Ints:
    """Of each row the number of its cluster, from 0, in the order in which they come."""
    if clusters is None:
        return np.arange(rows, dtype=np.int64)
    place: dict[object, int] = {}
    return np.array([place.setdefault(name, len(place)) for name in clusters], dtype=np.int64)


def times_drawn(drawn: Ints, clusters: int) -> Floats:
    """(draws, clusters): how often each is in a draw, of (draws, any) numbers of clusters."""
    place = np.arange(len(drawn), dtype=np.int64)[:, None] * clusters
    times = np.bincount((place + drawn).ravel(), minlength=len(drawn) * clusters)
    return times.reshape(len(drawn), clusters).astype(np.float64)


def widened(mean: float, low: float, high: float, clusters: Clusters | None) -> tuple[float, float]:
    """The ends of an interval of draws, with what few clusters do not show; as they are where each row is alone."""
    rows = len(clusters) if clusters is not None else 0
    count = len(set(clusters or ()))
    if count == rows:
        return low, high
    by = quantile(rows, clusters) / Z * math.sqrt(count / max(1, count - 1))
    return mean - by * (mean - low), mean + by * (high - mean)
