"""What a judge prefers beside quality: the place of an answer, and its length.

Both are measured on pairs that a judge was shown in both orders. What is symmetric cancels out: without a bias the answer shown first
wins as often as the second, whichever is better.

Length is corrected for as in length-controlled AlpacaEval (Dubois et al. 2024): a logistic regression of the preference on the
difference in length, tanh(difference / its standard deviation), and on the order; the win rate at equal length is the one with the
length term at zero. It takes quality and length as told apart only as far as pairs of all differences are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from distill.evaluate.scores import ALONE, of_rows
from distill.stats import FEW, Estimate, mean_interval
from distill.stats.cluster_draws import cluster_of_rows, widened

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_RESAMPLES = 500
_STEPS = 30
_RIDGE = (0.01, 0.1, 0.1)
"""Of level, length and order: keeps the fit finite where a side wins always."""
_ONE_SIDED = 0.95


class JudgedPair(NamedTuple):
    """One judge on one pair in both orders: how far it prefers our answer (1, 0.5 for a tie, 0), and how much longer ours is."""

    row: str
    shown_first: float
    shown_second: float
    longer_by: int


@dataclass(frozen=True, slots=True)
class LengthEffect:
    """The win rate were both answers equally long, and what length adds to it in the pairs as they are; both in shares."""

    at_equal_length: Estimate
    adds: Estimate
    note: str = ""
    """What keeps length and quality from being told apart; empty where nothing does."""


def position_bias(pairs: Sequence[JudgedPair], clusters: Mapping[str, str] = ALONE) -> Estimate | None:
    """How much more often the first answer wins than half of the time, from -0.5 to 0.5; None without pairs."""
    if not pairs:
        return None
    first = [(pair.shown_first + 1 - pair.shown_second) / 2 for pair in pairs]
    found = mean_interval(first, of_rows(clusters, [pair.row for pair in pairs]))
    return Estimate(found.mean - 0.5, found.low - 0.5, found.high - 0.5, found.n)


def length_effect(
    pairs: Sequence[JudgedPair], ties: int = 0, clusters: Mapping[str, str] = ALONE
) -> LengthEffect | None:
    """The part of length in our win rate over `pairs` and `ties` further pairs of the same text.

    Several judges' pairs of one row are drawn together, and so are the rows of one cluster. None where there are too few pairs, or all differ in length by the same.
    """
    import numpy as np

    rows = sorted({pair.row for pair in pairs})
    lengths = np.array([pair.longer_by for pair in pairs], dtype=np.float64)
    if len(rows) < FEW or float(lengths.std()) == 0:
        return None
    design, preferred = _design(pairs, lengths)
    together = of_rows(clusters, rows)
    place = dict(zip(rows, cluster_of_rows(len(rows), together).tolist(), strict=True))
    drawn_by = np.array([place[pair.row] for pair in pairs] * 2)
    count = len(set(together))
    start = _fitted(design, preferred, np.ones(len(preferred)), np.zeros(3))
    whole = _rates(design, preferred, np.ones(len(preferred)), ties * 2 * len(pairs) / len(rows), start)
    drawn = []
    random = np.random.default_rng(0)
    for _ in range(_RESAMPLES):
        times = np.bincount(random.integers(0, count, count), minlength=count)
        weights = times[drawn_by].astype(np.float64)
        drawn.append(_rates(design, preferred, weights, ties * float(weights.sum()) / len(rows), start))
    table, n = np.array(drawn), len(rows) + ties
    equal, adds = (_around(whole[of], table[:, of], n, together) for of in (0, 1))
    return LengthEffect(equal, adds, _note(lengths))


def _design(pairs: Sequence[JudgedPair], lengths: Numbers) -> tuple[Numbers, Numbers]:
    """(level, length and order of each of the two showings of a pair; what was preferred)."""
    import numpy as np

    length = np.tanh(lengths / lengths.std())
    half = np.full(len(pairs), 0.5)
    columns = [np.ones(2 * len(pairs)), np.concatenate([length, length]), np.concatenate([half, -half])]
    preferred = [pair.shown_first for pair in pairs] + [pair.shown_second for pair in pairs]
    return np.stack(columns, axis=1), np.array(preferred)


def _rates(design: Numbers, preferred: Numbers, weights: Numbers, ties: float, start: Numbers) -> tuple[float, float]:
    """(win rate at equal length, what length adds), with showings of the same text counted as half a win."""
    import numpy as np

    level, _, order = _fitted(design, preferred, weights, start)
    equal = float(np.mean(_chance(level + order * np.array([0.5, -0.5]))))
    total = float(weights.sum())
    seen = float(weights @ preferred) / total
    share = total / (total + ties)
    return share * equal + (1 - share) / 2, share * (seen - equal)


def _fitted(design: Numbers, preferred: Numbers, weights: Numbers, start: Numbers) -> Numbers:
    """Weighted logistic regression by Newton's steps from `start`; a tie is half a win."""
    import numpy as np

    found, ridge = start, np.array(_RIDGE)
    some = np.flatnonzero(weights)  # a third of the rows are in no draw
    design, preferred, weights = design[some], preferred[some], weights[some]
    for _ in range(_STEPS):
        chance = _chance(design @ found)
        slope = design.T @ (weights * (preferred - chance)) - ridge * found
        curve = (design * (weights * chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        found = found + np.clip(step, -4, 4)
        if float(np.abs(step).max()) < 1e-4:  # a step squares what is left to go
            break
    return found


def _chance(logit: Numbers) -> Numbers:
    import numpy as np

    return 1 / (1 + np.exp(-np.clip(logit, -30, 30)))


def _around(value: float, drawn: Numbers, n: int, clusters: Sequence[str]) -> Estimate:
    import numpy as np

    low, high = (float(end) for end in np.quantile(drawn, [0.025, 0.975]))
    return Estimate(value, *widened(value, min(low, value), max(high, value), clusters), n)


def _note(lengths: Numbers) -> str:
    longer = float((lengths > 0).mean())
    side = "longer" if longer > _ONE_SIDED else "shorter" if float((lengths < 0).mean()) > _ONE_SIDED else ""
    return (
        f"the student's answer is the {side} one in nearly all pairs, so length and quality can hardly be told apart"
        if side
        else ""
    )
