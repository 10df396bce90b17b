"""What judges found in evaluation, as values of comparison.json."""

from __future__ import annotations

from dataclasses import dataclass, field

from distill.evaluate.judging.measures.calibrated import JudgeReliability
from distill.evaluate.judging.measures.pairwise import PairwiseResult
from distill.stats import Estimate


@dataclass(frozen=True, slots=True)
class ArmPassRate:
    """Share of an arm's answers that pass by the judges; `corrected` by their errors on labelled answers, where those are known."""

    arm: str
    passed: Estimate
    corrected: Estimate | None


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """How far two judges pass the same of `n` answers: the share, and Gwet's AC1."""

    judges: list[str]
    n: int
    same: float | None
    ac1: float | None


@dataclass(frozen=True, slots=True)
class Judging:
    """The judges in evaluation: what they scored, how the student does against other arms, and what the judges are worth."""

    judges: list[str]
    dimensions: dict[str, str]
    at_least: float
    """The mean score, from 1 to 5, from which on an answer passes."""
    scored: int
    unscored: int
    """Answers that no judge gave a readable verdict on."""
    pending: int
    """Verdicts that may still come."""
    unread: dict[str, int]
    """Why verdicts are missing → how many."""
    pass_rates: list[ArmPassRate]
    agreement: list[JudgeAgreement]
    """Of every two judges."""
    reliability: JudgeReliability | None
    """None where no answers are labelled."""
    pairs: list[PairwiseResult]
    warnings: list[str] = field(default_factory=list)
