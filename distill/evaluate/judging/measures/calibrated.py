"""Pass rates corrected by the errors that a judge makes on answers labelled by people.

A judge that passes `sensitivity` of the good answers and fails `specificity` of the bad ones sees a pass rate of
p · sensitivity + (1 − p) · (1 − specificity); solved for p that is the estimator of Rogan and Gladen (1978). Its interval carries
the uncertainty of all three shares, each drawn from its Beta distribution with Jeffreys' prior.
"""

from __future__ import annotations

from dataclasses import dataclass

from distill.curate.calibration.stats import Agreement, LabelledDecision, clusters_of, compare
from distill.stats import Estimate, mean_interval
from distill.stats.clusters import independent_rows

_DRAWS = 4000
_FEWEST = 10
"""Labelled answers of either kind from which an error rate is estimated."""
_LEAST_SKILL = 0.1
"""Of sensitivity + specificity - 1: below, a judge is hardly better than chance and nothing can be corrected."""


@dataclass(frozen=True, slots=True)
class JudgeReliability:
    """The judges beside people's labels; `why_not` says why pass rates are not corrected, empty where they are."""

    agreement: Agreement
    sensitivity: Estimate | None
    """Share of the good answers that pass."""
    specificity: Estimate | None
    """Share of the bad answers that do not."""
    why_not: str = ""
    good_rows: float | None = None
    bad_rows: float | None = None
    """How many independent answers the good and the bad ones are worth, where several are of one conversation; None: all."""


def reliability(decisions: list[LabelledDecision]) -> JudgeReliability:
    """What the judges' decisions on labelled answers are worth."""
    judged = [one for one in decisions if one.kept is not None]
    (sensitivity, good), (specificity, bad) = (
        _right([one for one in judged if one.good is label]) for label in (True, False)
    )
    return JudgeReliability(
        compare(decisions), sensitivity, specificity, _why_not(sensitivity, specificity), good_rows=good, bad_rows=bad
    )


def _right(judged: list[LabelledDecision]) -> tuple[Estimate | None, float | None]:
    """(share that the judges decide as people do, how many independent answers these are worth)."""
    if not judged:
        return None, None
    right, clusters = [float(one.kept is one.good) for one in judged], clusters_of(judged)
    return mean_interval(right, clusters), independent_rows(right, clusters)


def _why_not(sensitivity: Estimate | None, specificity: Estimate | None) -> str:
    counts = [one.n if one else 0 for one in (sensitivity, specificity)]
    if min(counts) < _FEWEST:
        return f"{counts[0]} good and {counts[1]} bad answers are labelled and judged, at least {_FEWEST} of each are needed"
    if sensitivity and specificity and sensitivity.mean + specificity.mean - 1 < _LEAST_SKILL:
        return "the judge tells good from bad answers hardly better than chance"
    return ""


def corrected(passed: Estimate, by: JudgeReliability, rows: float | None = None) -> Estimate | None:
    """The pass rate that `passed` stands for; None where the judge's errors are not known well enough. `rows` is how many independent
    rows those of `passed` are worth, by default all.
    """
    if by.why_not or by.sensitivity is None or by.specificity is None:
        return None
    import numpy as np

    random = np.random.default_rng(0)
    labelled = ((by.sensitivity, by.good_rows), (by.specificity, by.bad_rows))
    shares = [(one, worth or one.n) for one, worth in ((passed, rows), *labelled)]
    seen, right, wrong = (random.beta(one.mean * n + 0.5, (1 - one.mean) * n + 0.5, _DRAWS) for one, n in shares)
    skill = right + wrong - 1
    # A draw without skill says nothing about the rate: it may be anything.
    drawn = np.where(skill > 0, (seen + wrong - 1) / np.where(skill > 0, skill, 1), random.random(_DRAWS))
    low, high = np.quantile(np.clip(drawn, 0, 1), [0.025, 0.975])
    plain = (passed.mean + by.specificity.mean - 1) / (by.sensitivity.mean + by.specificity.mean - 1)
    rate = min(1.0, max(0.0, plain))
    return Estimate(rate, min(float(low), rate), max(float(high), rate), passed.n)
