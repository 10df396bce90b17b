"""What the judges of a gate are worth: each alone, every two beside each other, and other thresholds, which cost nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean

import polars as pl

from distill.curate.calibration import stats
from distill.curate.calibration.decisions import Decisions, VerdictsByRequest, beside_labels, decide
from distill.curate.calibration.labelled import LabelledAnswers
from distill.curate.calibration.results import Disagreement, JudgeCalibration, JudgePair
from distill.curate.gates.judge.gate import RowVerdicts, means
from distill.curate.gates.settings import JudgeSettings

_DEFAULT = JudgeSettings.model_fields["at_least"].default


def judge_calibration(
    gate: str,
    settings: Mapping[str, object],
    answers: LabelledAnswers,
    decisions: Decisions,
    verdicts: VerdictsByRequest,
) -> JudgeCalibration:
    """The judges of one gate, over the answers that they were asked about."""
    given = settings.get("at_least")
    at_least = given if isinstance(given, int | float | dict) else _DEFAULT
    tried = stats.sweep(_scored(answers, verdicts))
    names = [verdict.judge for verdict in next(iter(verdicts.values()), ())]
    alone = [_alone(n, gate, settings, answers, verdicts) for n in range(len(names))]
    return JudgeCalibration(
        at_least=at_least,
        sweep=tried,
        best=stats.best(tried, at_least if isinstance(at_least, int | float) else _DEFAULT),
        alone={name: stats.compare(beside_labels(answers, one)) for name, one in zip(names, alone, strict=True)},
        pairs=[_pair((names[a], names[b]), alone[a], alone[b]) for a, b in combinations(range(len(names)), 2)],
        disagree=_disagreements(answers, {request: decisions[request] for request in verdicts}),
    )


def _scored(answers: LabelledAnswers, verdicts: VerdictsByRequest) -> list[tuple[bool, float]]:
    """(good, mean score) of the answers that have a verdict."""
    averages = {request: means(row) for request, row in verdicts.items()}
    return [(answers.good[request], fmean(by_name.values())) for request, by_name in averages.items() if by_name]


def _alone(
    judge: int, gate: str, settings: Mapping[str, object], answers: LabelledAnswers, verdicts: VerdictsByRequest
) -> Decisions:
    """What the gate would decide if this judge were the only one."""

    def look_up(frame: pl.DataFrame) -> Sequence[RowVerdicts]:
        return [[verdicts[request][judge]] for request in frame["request_id"]]

    decisions = decide(gate, {**settings, "verdicts": look_up}, answers)
    return {request: decisions[request] for request in verdicts}


def _pair(names: tuple[str, str], first: Decisions, second: Decisions) -> JudgePair:
    both = [
        (a, b) for a, b in ((first[request], second[request]) for request in first) if a is not None and b is not None
    ]
    same = sum(a == b for a, b in both) / len(both) if both else None
    return JudgePair(names, len(both), same, stats.ac1(both))


def _disagreements(answers: LabelledAnswers, decisions: Decisions) -> list[Disagreement]:
    wrong = {request for request, kept in decisions.items() if kept is not None and kept != answers.good[request]}
    return [
        Disagreement(given, answer, answers.good[request], answers.why[request])
        for request, given, answer in answers.samples.select("request_id", "input", "answer").iter_rows()
        if request in wrong
    ]
