"""The student's answer to a logged call beside the teacher's, where answers are free text: the task's judge says which is better.

Each pair is shown in both orders, as in the evaluation: an answer is preferred only where it is so in both. The judges are those of
`evaluate.judge`, else those of the gate `judge`. Equal texts are a tie that nobody is asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from distill.curate.gates.judge.requests import instructions_of
from distill.errors import AccessRefused, BudgetReached, DistillError, RowsOwed
from distill.evaluate.judging.asking import DRAWS, EvaluationJudges, JudgeDraw, JudgeQuestion, ask, known
from distill.evaluate.judging.comparing import judged_pair
from distill.evaluate.judging.measures.pairwise import LOSS, PairwiseResult, outcome, pairwise_result
from distill.evaluate.judging.pair_question import AnswerPair
from distill.evaluate.judging.stage import judges_of
from distill.money import most_usd
from distill.task.task import Task
from distill.teacher.requests import ceiling
from distill.teacher.send import Interrupted, Sender
from distill.text.normalise import storable

_GATE, SPENDER = "judge", "monitor judge"


@dataclass(frozen=True, slots=True)
class JudgedCalls:
    """What the judges said; `worse` says of each input that one of them compared whether the teacher's answer is preferred, `fault` why not
    all were compared."""

    result: PairwiseResult
    worse: Mapping[str, bool]
    fault: DistillError | None = None


def judges_of_calls(task: Task) -> EvaluationJudges | None:
    """Who is asked; None where the spec has no judge."""
    own, rubric = judges_of(task), task.rubrics.get(_GATE)
    if own is not None:
        return replace(own, spends_as=SPENDER)
    return EvaluationJudges(task.judges, rubric, SPENDER) if rubric is not None else None


def judges_at_most(task: Task, judges: EvaluationJudges, student: Mapping[str, str]) -> tuple[int, float | None]:
    """(questions, dollars) before the teacher's answers are known: each pair in both orders, and once more where no reply can be read. None
    where the price of a judge is not known."""
    longest = max(one.sampling.max_tokens for one in task.teachers)
    pairs = [_pair(task, text, said, "") for text, said in student.items()]
    usd: float | None = 0.0
    for number, model in enumerate(judges.models):
        price = model.address.price
        for question in (JudgeQuestion(number, one) for pair in pairs for one in (pair, pair.swapped)):
            most = ceiling(judges.request(JudgeDraw(question, 0)))
            longer = replace(most, prompt_tokens=most.prompt_tokens + longest)
            usd = None if price is None or usd is None else usd + DRAWS * most_usd(price, longer)
    return 2 * len(pairs) * len(judges.models), usd


async def judged_calls(
    task: Task, judges: EvaluationJudges, sender: Sender, student: Mapping[str, str], teacher: Mapping[str, str]
) -> JudgedCalls:
    """Every pair by every judge, within the sender's budget; answers are by input."""
    pairs = {text: _pair(task, text, student[text], theirs) for text, theirs in teacher.items()}
    equal = [text for text, pair in pairs.items() if pair.first == pair.second]
    others = {text: pair for text, pair in pairs.items() if pair.first != pair.second}
    everyone = range(len(judges.models))
    asked = [JudgeQuestion(n, one) for pair in others.values() for one in (pair, pair.swapped) for n in everyone]
    fault = None
    try:
        await ask(judges, sender, asked, live=True)
    except Interrupted:
        raise
    except (RowsOwed, BudgetReached, AccessRefused) as ended:
        fault = ended
    verdicts = known(judges, sender.store, asked)
    by_judge = {
        name: [found for text, pair in others.items() if (found := judged_pair(text, pair, n, verdicts)) is not None]
        for n, name in enumerate(judges.names)
    }
    by_text = {text: [one for said in by_judge.values() for one in said if one.row == text] for text in others}
    worse = {text: outcome(said) == LOSS for text, said in by_text.items() if said}
    return JudgedCalls(
        pairwise_result("teacher", by_judge, equal=equal, rows=len(pairs)),
        {**dict.fromkeys(equal, False), **worse},
        fault,
    )


def _pair(task: Task, text: str, student: str, teacher: str) -> AnswerPair:
    """The student's answer first."""
    return AnswerPair(text, storable(student), storable(teacher), None, instructions_of(task))
