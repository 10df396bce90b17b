"""The judges' part of the stage that evaluates: asks them about every answer, and gives scores and what they found."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from distill.curate.gates.judge.requests import instructions_of
from distill.curate.gates.judge.verdict import JudgeVerdict, NoVerdict
from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.judging import scoring
from distill.evaluate.judging.asking import EvaluationJudges, Verdicts, ask
from distill.evaluate.judging.comparing import pairwise_results
from distill.evaluate.judging.labelled import LabelledQuestions, labelled_questions
from distill.evaluate.judging.measures.family import family_warnings
from distill.evaluate.judging.questions import STUDENT, AnswersToTests, RowToJudge
from distill.evaluate.judging.result import Judging
from distill.student import linear
from distill.text.normalise import storable

if TYPE_CHECKING:
    from distill.evaluate.arms import Answers
    from distill.records import Answer
    from distill.student.linear import Classifier
    from distill.task.run import ActiveRun
    from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class JudgedTests:
    """The judges' rows of scores.parquet, and what they found."""

    scores: pl.DataFrame
    result: Judging


async def judge_tests(
    run: ActiveRun, tests: pl.DataFrame, answered: Mapping[str, Answers], models: Mapping[str, Classifier]
) -> JudgedTests | None:
    """What the judges say of all answers to the test rows; None where the spec names no judge."""
    task = run.task
    judges = judges_of(task)
    if judges is None or not tests.height:
        return None
    everyone = {**answered, **{name: linear.answers(model, tests, task.output) for name, model in models.items()}}
    asked = answers_to_tests(task, tests, {arm: _texts(found) for arm, found in everyone.items()}, len(judges.models))
    labelled = labelled_questions(task, len(judges.models))
    questions = [*asked.scoring(), *asked.comparing(), *(labelled.questions if labelled else ())]
    run.watch.say(f"  {len(dict.fromkeys(questions)):,} questions to {', '.join(judges.names)} about the answers")
    verdicts = await ask(judges, run.sender, questions)
    return await asyncio.to_thread(_judged, task, judges, asked, labelled, verdicts, clusters_of(tests))


def judges_of(task: Task) -> EvaluationJudges | None:
    """The judges of the test rows' answers; None where the spec names none."""
    if task.spec.evaluate.judge is None or task.evaluation_rubric is None:
        return None
    return EvaluationJudges(task.evaluation_judges, task.evaluation_rubric)


def answers_to_tests(
    task: Task, tests: pl.DataFrame, texts: Mapping[str, Mapping[str, str]], judges: int
) -> AnswersToTests:
    """What there is to judge. An arm that is not asked is compared with nothing."""
    judge = task.spec.evaluate.judge
    shown, wanted = (judge.reference, judge.pairwise) if judge else (False, [])
    rows = [
        RowToJudge(seed, given, gold if shown else None)
        for seed, given, gold in tests.select("seed_id", "input", "gold").iter_rows()
    ]
    others = [other for other in wanted if other in texts and STUDENT in texts]
    return AnswersToTests(rows, texts, instructions_of(task), judges, others)


def warnings_of(task: Task) -> list[str]:
    """Judges that score answers of their own family; told before anything is paid, too."""
    train = task.spec.student.train
    bases = [] if train.with_ == "none" or train.classifier else [train.base]
    names = [judge.address.model for judge in task.evaluation_judges]
    return family_warnings(names, [one.address.model for one in task.teachers], bases)


def _texts(found: Sequence[tuple[str, Answer | None]]) -> dict[str, str]:
    return {seed: storable(answer.said) for seed, answer in found if answer is not None and answer.ok}


def _judged(
    task: Task,
    judges: EvaluationJudges,
    asked: AnswersToTests,
    labelled: LabelledQuestions | None,
    verdicts: Verdicts,
    clusters: Mapping[str, str],
) -> JudgedTests:
    judge = task.spec.evaluate.judge
    at_least = judge.at_least if judge else 0.0
    by_answer = {
        (arm, row.seed_id): scoring.of_answer(verdicts, about, len(judges.models))
        for arm in asked.texts
        for row in asked.rows
        if (about := asked.about(row, arm)) is not None
    }
    missing = [one for one in verdicts.values() if isinstance(one, NoVerdict)]
    reliability = labelled.reliability(verdicts, len(judges.models), at_least) if labelled else None
    scored = sum(1 for found in by_answer.values() if any(isinstance(one, JudgeVerdict) for one in found))
    result = Judging(
        judges=judges.names,
        dimensions=dict(judges.rubric.dimensions),
        at_least=at_least,
        scored=scored,
        unscored=len(by_answer) - scored,
        pending=sum(one.pending for one in missing),
        unread=dict(Counter(one.reason for one in missing).most_common(10)),
        pass_rates=scoring.pass_rates(by_answer, list(asked.texts), at_least, reliability, clusters),
        agreement=scoring.agreement(judges.names, list(by_answer.values()), at_least),
        reliability=reliability,
        pairs=pairwise_results(judges.names, asked, verdicts, scoring.marks(by_answer), clusters),
        warnings=[*warnings_of(task), *_not_compared(task, asked)],
    )
    return JudgedTests(scoring.table(asked, by_answer), result)


def _not_compared(task: Task, asked: AnswersToTests) -> list[str]:
    """Arms that are to be compared with the student, and were not asked."""
    judge = task.spec.evaluate.judge
    missing = [name for name in (judge.pairwise if judge else ()) if name not in asked.texts]
    if not missing or STUDENT not in asked.texts:
        return []
    return [
        f"The student is not compared with {', '.join(missing)}, as evaluate.judge.pairwise asks: no such arm was asked."
    ]
