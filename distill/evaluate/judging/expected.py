"""What the judges of the test rows will be asked, before it is asked: for a plan's estimate of what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.curate.gates.judge.rubric import AnswerToJudge
from distill.evaluate import arms as arms_module
from distill.evaluate.judging.asking import JudgeDraw
from distill.evaluate.judging.labelled import labelled_questions
from distill.evaluate.judging.pair_question import AnswerPair
from distill.evaluate.judging.questions import STUDENT, AnswersToTests
from distill.evaluate.judging.stage import answers_to_tests, judges_of
from distill.evaluate.scores import TRAINING
from distill.teacher.stored_answers import final_answer
from distill.text.normalise import storable

if TYPE_CHECKING:
    import polars as pl

    from distill.task.task import Task
    from distill.teacher.endpoint.address import Model
    from distill.teacher.pending import Requests
    from distill.teacher.store.store import Store


_TO_COME = "(to come)"


@dataclass(frozen=True, slots=True)
class ExpectedJudging:
    """The requests to one judge. Answers that are not there yet are empty in them: `answer_tokens` is the most they add."""

    spender: str
    model: Model
    requests: Requests[JudgeDraw]
    answer_tokens: int
    ready: Requests[JudgeDraw]
    """Of the requests, those about answers that are there: what a pilot can ask."""


def expected_judging(task: Task, tests: pl.DataFrame, store: Store) -> Iterator[ExpectedJudging]:
    """One for each judge of the test rows' answers; none where the spec names none."""
    judges = judges_of(task)
    if judges is None:
        return
    texts = {arm: _texts(task, arm, tests, store) for arm in _arms(task)}
    asked = answers_to_tests(task, tests, texts, len(judges.models))
    longest = max(one.sampling.max_tokens for one in task.teachers)
    tokens = longest * _to_come(asked)
    labelled = labelled_questions(task, len(judges.models))
    questions = [*asked.scoring(), *asked.comparing(), *(labelled.questions if labelled else ())]
    for number, model in enumerate(judges.models):
        draws = [JudgeDraw(question, 0) for question in questions if question.judge == number]
        ready = [draw for draw in draws if _is_there(draw.question.about)]
        yield ExpectedJudging(judges.spender(number), model, judges.requests(draws), tokens, judges.requests(ready))


def _is_there(about: AnswerToJudge | AnswerPair) -> bool:
    """Whether nothing of it is still to come."""
    texts = [about.answer] if isinstance(about, AnswerToJudge) else [about.first, about.second]
    return not any(text.startswith(_TO_COME) for text in texts)


def _arms(task: Task) -> list[str]:
    """The arms that a run will have, as far as the spec tells."""
    spec = task.spec
    asked = [arm.name for arm in arms_module.arms_of(task, student=None)]
    trained = [STUDENT] if spec.student.train.with_ != "none" else []
    later = [*trained, "gold_student", "linear", "embedding", "few_shot"]
    again = [f"{TRAINING}{number}" for number in range(2, spec.student.train.seeds + 1)] if STUDENT in spec.arms else []
    return [*asked, *(name for name in later if name in spec.arms), *again]


def _texts(task: Task, name: str, tests: pl.DataFrame, store: Store) -> dict[str, str]:
    """What an arm answered, as far as the store has it; what is to come is unlike any other arm's, or no pair of it were asked."""
    texts = dict.fromkeys(tests["seed_id"], f"{_TO_COME} {name}")
    arm = next((one for one in arms_module.arms_of(task, student=None) if one.name == name), None)
    if arm is None:
        return texts
    raise_to = arm.asked(task).sampling.raise_to
    for seed, request in zip(tests["seed_id"], arms_module.requests(task, arm, tests), strict=True):
        _, answer = final_answer(store, request, raise_to)
        if answer is not None and answer.ok:
            texts[seed] = storable(answer.said)
    return texts


def _to_come(asked: AnswersToTests) -> int:
    """How often an answer that is not there yet will be shown to a judge."""
    times = {arm: 1 + 2 * (len(asked.others) if arm == STUDENT else arm in asked.others) for arm in asked.texts}
    return sum(times[arm] for arm, texts in asked.texts.items() for text in texts.values() if text.startswith(_TO_COME))
