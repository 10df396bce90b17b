"""Judges' verdicts on pairs → the student against each arm that it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distill.curate.gates.judge.verdict import one_line
from distill.evaluate.judging.asking import JudgeQuestion, Verdicts
from distill.evaluate.judging.measures.bias import JudgedPair
from distill.evaluate.judging.measures.pairwise import (
    LOSS,
    TIE,
    WIN,
    PairExample,
    PairwiseResult,
    outcome,
    pairwise_result,
)
from distill.evaluate.judging.pair_question import AnswerPair, PairVerdict
from distill.evaluate.judging.questions import STUDENT, AnswersToTests, RowToJudge
from distill.evaluate.scores import ALONE

_SHOWN = 3
_FIRST = {"first": WIN, "tie": TIE, "second": LOSS}
_SECOND = {"first": LOSS, "tie": TIE, "second": WIN}


def pairwise_results(
    names: Sequence[str],
    asked: AnswersToTests,
    verdicts: Verdicts,
    marks: Mapping[tuple[str, str], float] | None = None,
    clusters: Mapping[str, str] = ALONE,
) -> list[PairwiseResult]:
    """The student against every arm that it is compared with; by `marks`, (arm, seed id) → score, the clearest pairs are shown."""
    return [_result(names, asked, verdicts, other, marks or {}, clusters) for other in asked.others]


def _result(
    names: Sequence[str],
    asked: AnswersToTests,
    verdicts: Verdicts,
    other: str,
    marks: Mapping[tuple[str, str], float],
    clusters: Mapping[str, str],
) -> PairwiseResult:
    by_judge: dict[str, list[JudgedPair]] = {name: [] for name in names}
    examples: list[PairExample] = []
    equal, rows = list[str](), 0
    for row in asked.rows:
        pair = asked.pair(row, other)
        if pair is None:
            continue
        rows += 1
        if pair.first == pair.second:
            equal.append(row.seed_id)
            continue
        judged = {}
        for judge, name in enumerate(names):
            if (found := judged_pair(row.seed_id, pair, judge, verdicts)) is not None:
                judged[name] = found
                by_judge[name].append(found)
        if judged:
            examples.append(_example(row, pair, outcome(list(judged.values())), verdicts, len(names)))
    ahead = {
        row.seed_id: marks.get((STUDENT, row.seed_id), 0.0) - marks.get((other, row.seed_id), 0.0) for row in asked.rows
    }
    best = sorted((one for one in examples if one.outcome == WIN), key=lambda one: -ahead[one.seed_id])
    worst = sorted((one for one in examples if one.outcome == LOSS), key=lambda one: ahead[one.seed_id])
    return pairwise_result(
        other, by_judge, equal=equal, rows=rows, best=best[:_SHOWN], worst=worst[:_SHOWN], clusters=clusters
    )


def judged_pair(row: str, pair: AnswerPair, judge: int, verdicts: Verdicts) -> JudgedPair | None:
    """What one judge said of both orders; None where one of them has no verdict."""
    first, second = (verdicts[JudgeQuestion(judge, one)] for one in (pair, pair.swapped))
    if not isinstance(first, PairVerdict) or not isinstance(second, PairVerdict):
        return None
    longer = len(pair.first) - len(pair.second)
    return JudgedPair(row, _FIRST[first.better], _SECOND[second.better], longer)


def _example(row: RowToJudge, pair: AnswerPair, found: float, verdicts: Verdicts, judges: int) -> PairExample:
    """The pair with the words of a judge that says the same as all together, where one does."""
    said = [verdicts[JudgeQuestion(judge, pair)] for judge in range(judges)]
    read = [one for one in said if isinstance(one, PairVerdict)]
    agreeing = [one for one in read if _FIRST[one.better] == found] or read
    reason = f"{agreeing[0].judge}: {one_line(agreeing[0].reason)}" if agreeing else ""
    return PairExample(row.seed_id, row.input, pair.first, pair.second, found, reason)
