"""Judges' verdicts on single answers → scores, pass rates, and how far the judges agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean

import polars as pl

from distill.curate.calibration.stats import ac1
from distill.curate.gates.judge.gate import RowVerdicts, means
from distill.curate.gates.judge.rubric import AnswerToJudge
from distill.curate.gates.judge.verdict import JudgeVerdict, NoVerdict, one_line
from distill.evaluate.judging.asking import JudgeQuestion, Verdicts
from distill.evaluate.judging.measures.calibrated import JudgeReliability, corrected
from distill.evaluate.judging.questions import AnswersToTests
from distill.evaluate.judging.result import ArmPassRate, JudgeAgreement
from distill.evaluate.metrics import NO_ANSWER
from distill.evaluate.scores import ALONE, of_rows
from distill.stats import mean_interval
from distill.stats.clusters import independent_rows

METRIC = "judge"
ByAnswer = Mapping[tuple[str, str], RowVerdicts]
"""(arm, seed id) → what each judge said of the answer."""
_ScoreRow = tuple[str, str, str, float | None, str]


def of_answer(verdicts: Verdicts, about: AnswerToJudge, judges: int) -> list[JudgeVerdict | NoVerdict]:
    """What each judge said of one answer."""
    found = [verdicts[JudgeQuestion(judge, about)] for judge in range(judges)]
    return [one for one in found if isinstance(one, JudgeVerdict | NoVerdict)]


def passes(verdicts: RowVerdicts, at_least: float) -> bool | None:
    """Whether an answer passes by the mean over judges and dimensions; None where no judge gave a verdict."""
    by_dimension = means(verdicts)
    return fmean(by_dimension.values()) >= at_least if by_dimension else None


def marks(by_answer: ByAnswer) -> dict[tuple[str, str], float]:
    """(arm, seed id) → the mean from 1 to 5, of the answers that have a verdict."""
    found = {key: means(verdicts) for key, verdicts in by_answer.items()}
    return {key: fmean(scores.values()) for key, scores in found.items() if scores}


def table(asked: AnswersToTests, by_answer: ByAnswer) -> pl.DataFrame:
    """Rows of scores.parquet: the mean as 0..1 (`judge`), and that of each dimension (`judge:accuracy`)."""
    rows = [
        line
        for arm in asked.texts
        for row in asked.rows
        for line in _lines(row.seed_id, arm, by_answer.get((arm, row.seed_id)))
    ]
    schema = {
        "seed_id": pl.String, "arm": pl.String, "metric": pl.String, "value": pl.Float64, "reason": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _lines(seed: str, arm: str, verdicts: RowVerdicts | None) -> list[_ScoreRow]:
    if verdicts is None:
        return [(seed, arm, METRIC, None, NO_ANSWER)]
    by_dimension = means(verdicts)
    if not by_dimension:
        reasons = [f"{one.judge}: {one.reason}" for one in verdicts if isinstance(one, NoVerdict)]
        return [(seed, arm, METRIC, None, one_line("; ".join(reasons)) or "no judge was asked")]
    whole = (fmean(by_dimension.values()) - 1) / 4
    reasons_of = {name: _reason(name, score, verdicts) for name, score in by_dimension.items()}
    worst = min(by_dimension, key=lambda name: by_dimension[name])
    lines: list[_ScoreRow] = [(seed, arm, METRIC, whole, reasons_of[worst])]
    if len(by_dimension) > 1:
        lines += [
            (seed, arm, f"{METRIC}:{name}", (score - 1) / 4, reasons_of[name]) for name, score in by_dimension.items()
        ]
    return lines


def _reason(name: str, score: float, verdicts: RowVerdicts) -> str:
    """The strictest judge's words on a dimension that is not at its best."""
    if score >= 5:
        return ""
    read = [one for one in verdicts if isinstance(one, JudgeVerdict)]
    strictest = min(read, key=lambda one: one.scores[name])
    return f"{name} {score:.2g} of 5: {one_line(strictest.reasons[name]) or 'no reason given'}"


def pass_rates(
    by_answer: ByAnswer, arms: Sequence[str], at_least: float, reliability: JudgeReliability | None,
    clusters: Mapping[str, str] = ALONE,
) -> list[ArmPassRate]:  # fmt: skip
    """The share of each arm's answers that pass, as judged and as corrected."""
    rates = []
    for arm in arms:
        decided = {seed: passes(found, at_least) for (owner, seed), found in by_answer.items() if owner == arm}
        known = {seed: float(one) for seed, one in decided.items() if one is not None}
        if known:
            values, together = list(known.values()), of_rows(clusters, known)
            passed, rows = mean_interval(values, together), independent_rows(values, together)
            rates.append(ArmPassRate(arm, passed, corrected(passed, reliability, rows) if reliability else None))
    return rates


def agreement(names: Sequence[str], answers: Sequence[RowVerdicts], at_least: float) -> list[JudgeAgreement]:
    """How far every two judges pass the same answers: the share, and Gwet's AC1."""
    found = []
    for a, b in combinations(range(len(names)), 2):
        decided = [(passes([row[a]], at_least), passes([row[b]], at_least)) for row in answers]
        both = [(one, two) for one, two in decided if one is not None and two is not None]
        same = sum(one == two for one, two in both) / len(both) if both else None
        found.append(JudgeAgreement([names[a], names[b]], len(both), same, ac1(both)))
    return found
