"""What twice the rows would bring: a saturating curve through the points of a learning curve, with the uncertainty of doing so.

    score(rows) = top - loss * rows ** -power        power one of 0.25, 0.5 and 1, whichever fits best

It is fitted to each draw of the bootstrap, to which the scatter of the points around the fit is added: a training that went well by luck
bends the curve too. Nothing keeps the gain above zero, so an interval that reaches below it says that nothing is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from distill.evaluate.curve.intervals import Floats
from distill.stats import Estimate

FEWEST_POINTS = 3
_POWERS = (0.25, 0.5, 1.0)


def doubled_gain(
    rows: Sequence[int], values: Floats, drawn: Floats, last: Estimate
) -> tuple[float, float, float] | None:
    """(gain, low, high) of twice the last number of rows, 95 %; None where fewer than three points bear no fit.

    `values` are the scores (points, seeds, rows), `drawn` (draws, points) their bootstrap, `last` the difference of the last two points. A
    gain never passes what is left up to a score of 1. Where no row tells the last two points apart, no draw does: then it is what so
    many rows cannot rule out.
    """
    if len(rows) < FEWEST_POINTS:
        return None
    if np.abs(values[-1] - values[-2]).max() < 1e-12:
        return last.mean, last.low, last.high
    at = np.asarray(rows, dtype=np.float64)
    gain, squares = _gains(at, values.mean(axis=(1, 2))[np.newaxis])
    scatter = float(np.sqrt(squares[0] / max(1, len(rows) - 2)))
    noisy = drawn + np.random.default_rng(1).normal(0.0, scatter, drawn.shape)
    low, high = (float(edge) for edge in np.percentile(_gains(at, noisy)[0], [2.5, 97.5]))
    middle = float(gain[0])
    return middle, min(low, middle), max(high, middle)


def _gains(rows: Floats, means: Floats) -> tuple[Floats, Floats]:
    """(gains, squared errors) of the best power, each (draws,)."""
    gains, errors = zip(*(_fitted(rows, means, power) for power in _POWERS), strict=True)
    best = np.argmin(errors, axis=0)
    each = np.arange(len(means))
    gain = np.asarray(gains)[best, each]
    return np.minimum(gain, np.clip(1 - means[:, -1], 0, None)), np.asarray(errors)[best, each]


def _fitted(rows: Floats, means: Floats, power: float) -> tuple[Floats, Floats]:
    """Least squares of one power: (gain of doubling, sum of squared errors), each (draws,)."""
    x = rows**-power
    centred = x - x.mean()
    loss = -(means @ centred) / (centred @ centred)
    errors = means - means.mean(axis=1, keepdims=True) + np.outer(loss, centred)
    gain: Floats = loss * (rows[-1] ** -power - (2 * rows[-1]) ** -power)
    return gain, (errors**2).sum(axis=1)
