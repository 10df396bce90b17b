"""The student's answers beside another arm's: from judges' verdicts on both orders to wins, ties and losses.

A judge prefers an answer where it says so in both orders. One that changes its mind with the order prefers its place, so the pair is a
tie and counted as inconsistent. Several judges decide by majority. Equal texts are a tie that no judge is asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.evaluate.judging.measures.bias import JudgedPair, LengthEffect, length_effect, position_bias
from distill.evaluate.scores import ALONE, of_rows
from distill.stats import Estimate, mean_interval

WIN, TIE, LOSS = 1.0, 0.5, 0.0


@dataclass(frozen=True, slots=True)
class JudgeBias:
    """What one judge prefers beside quality; shares, None where the pairs are too few to tell."""

    judge: str
    pairs: int
    inconsistent: int
    """Pairs in which the winner changes with the order."""
    position: Estimate | None
    """How much more often the first answer wins than half of the time."""
    length: LengthEffect | None


@dataclass(frozen=True, slots=True)
class PairExample:
    """One pair side by side; `reason` is the judge's, of the order in which the student's answer came first."""

    seed_id: str
    input: str
    student: str
    other: str
    outcome: float
    """1 where the student's is better, 0.5 for a tie, 0."""
    reason: str


@dataclass(frozen=True, slots=True)
class PairwiseResult:
    """The student against one arm, over the pairs that a judge compared and those of equal texts."""

    other: str
    wins: int
    ties: int
    losses: int
    equal: int
    """Of the ties, those of equal texts."""
    inconsistent: int
    """Of the ties, those in which every judge went with the order."""
    unjudged: int
    win_rate: Estimate | None
    """Wins and half of the ties."""
    length: LengthEffect | None
    by_judge: list[JudgeBias]
    best: list[PairExample]
    worst: list[PairExample]

    @property
    def pairs(self) -> int:
        return self.wins + self.ties + self.losses


def preference(shown_first: float, shown_second: float) -> float:
    """What a judge says of a pair by both orders: a winner where it is one in both."""
    return shown_first if shown_first == shown_second else TIE


def flips(shown_first: float, shown_second: float) -> bool:
    """Whether the winner changes with the order."""
    return {shown_first, shown_second} == {WIN, LOSS}


def outcome(pairs: Sequence[JudgedPair]) -> float:
    """The majority of the judges on one pair."""
    balance = sum(preference(pair.shown_first, pair.shown_second) - TIE for pair in pairs)
    return WIN if balance > 0 else LOSS if balance < 0 else TIE


def pairwise_result(
    other: str,
    by_judge: Mapping[str, Sequence[JudgedPair]],
    *,
    equal: Sequence[str],
    rows: int,
    best: Sequence[PairExample] = (),
    worst: Sequence[PairExample] = (),
    clusters: Mapping[str, str] = ALONE,
) -> PairwiseResult:
    """The result over `rows` pairs; those of equal texts are the rows `equal`, the others stand in `by_judge` where they were judged."""
    by_row: dict[str, list[JudgedPair]] = {}
    for pairs in by_judge.values():
        for pair in pairs:
            by_row.setdefault(pair.row, []).append(pair)
    outcomes = [outcome(pairs) for pairs in by_row.values()]
    counted, every = [*outcomes, *[TIE] * len(equal)], [pair for pairs in by_judge.values() for pair in pairs]
    flipped = sum(all(flips(pair.shown_first, pair.shown_second) for pair in pairs) for pairs in by_row.values())
    return PairwiseResult(
        other=other,
        wins=outcomes.count(WIN),
        ties=counted.count(TIE),
        losses=outcomes.count(LOSS),
        equal=len(equal),
        inconsistent=flipped,
        unjudged=rows - len(counted),
        win_rate=mean_interval(counted, of_rows(clusters, [*by_row, *equal])) if counted else None,
        length=length_effect(every, len(equal), clusters),
        by_judge=[_bias(judge, pairs, clusters) for judge, pairs in by_judge.items()],
        best=list(best),
        worst=list(worst),
    )


def _bias(judge: str, pairs: Sequence[JudgedPair], clusters: Mapping[str, str]) -> JudgeBias:
    changed = sum(flips(pair.shown_first, pair.shown_second) for pair in pairs)
    length = length_effect(pairs, clusters=clusters)
    return JudgeBias(judge, len(pairs), changed, position_bias(pairs, clusters), length)
