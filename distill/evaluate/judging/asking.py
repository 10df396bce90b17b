"""Asks the judges of the test rows' answers: what the store holds is replayed, what is missing is sent, by calls or by batch.

A reply that is no verdict is asked for once more; if that one cannot be read either, there is none, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from distill.curate.gates.judge.requests import JudgeCall, names_of, request_to, verdict_request
from distill.curate.gates.judge.rubric import AnswerToJudge, code_of, schema
from distill.curate.gates.judge.send import RequestsToJudge, send_at_once
from distill.curate.gates.judge.verdict import JudgeVerdict, NoVerdict, read_verdict
from distill.evaluate.judging.pair_question import (
    AnswerPair,
    PairVerdict,
    pair_code,
    pair_schema,
    pair_turns,
    read_pair,
)
from distill.evaluate.judging.rubric import NAME
from distill.records import Answer, Request
from distill.spec.judge import Rubric
from distill.teacher.endpoint.address import Model
from distill.teacher.pending import Requests
from distill.teacher.send import Sender
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import final_answer, why_pending

DRAWS = 2
"""How often a question is asked where no reply can be read."""
_PAIR_TOKENS = 240
"""Tokens that a verdict on a pair may have where the spec sets none."""


class JudgeQuestion(NamedTuple):
    """One question to one judge: about an answer, or about two."""

    judge: int
    about: AnswerToJudge | AnswerPair


class JudgeDraw(NamedTuple):
    """A question as it is asked the first or the second time."""

    question: JudgeQuestion
    draw: int


Verdicts = Mapping[JudgeQuestion, JudgeVerdict | PairVerdict | NoVerdict]


@dataclass(frozen=True, slots=True)
class EvaluationJudges:
    """The judges of a task's test rows, and what they judge by."""

    models: Sequence[Model]
    rubric: Rubric
    spends_as: str = "evaluate judge"
    """How their names in the ledger begin."""

    @property
    def names(self) -> list[str]:
        return names_of(self.models)

    def spender(self, judge: int) -> str:
        """The name of a judge in the ledger."""
        return f"{self.spends_as} {self.names[judge]}"

    def request(self, asked: JudgeDraw) -> Request:
        """The request of a question."""
        question, model = asked.question, self.models[asked.question.judge]
        if isinstance(question.about, AnswerToJudge):
            call = JudgeCall(question.judge, NAME, question.about, asked.draw)
            return verdict_request(model, self.rubric, schema(self.rubric), call)
        turns = pair_turns(self.rubric, question.about)
        return request_to(model, turns, pair_schema(), default_tokens=_PAIR_TOKENS, draw=asked.draw)

    def requests(self, asked: Sequence[JudgeDraw]) -> Requests[JudgeDraw]:
        """The requests of many, each made when it is looked at."""
        return Requests(asked, self.request)

    def read(self, question: JudgeQuestion, answer: Answer) -> JudgeVerdict | PairVerdict | NoVerdict:
        """The verdict in a reply."""
        name, about = self.names[question.judge], question.about
        if isinstance(about, AnswerToJudge):
            return read_verdict(answer, self.rubric, code=code_of(self.rubric, about), judge=name)
        return read_pair(answer, code=pair_code(self.rubric, about), judge=name)


async def ask(
    judges: EvaluationJudges, sender: Sender, questions: Iterable[JudgeQuestion], *, live: bool = False
) -> Verdicts:
    """Every question with its verdict, or why there is none; a judge that is unavailable leaves its own pending.

    `live` asks none of them by batch, whatever the spec says.
    """
    asked = list(dict.fromkeys(questions))
    failed, gone = set[JudgeDraw](), set[int]()
    while True:
        found, due = _look_up(judges, sender.store, asked)
        due = [one for one in due if one not in failed and one.question.judge not in gone]
        if not due:
            return found
        by_judge = {
            judge: [one for one in due if one.question.judge == judge]
            for judge in sorted({one.question.judge for one in due})
        }
        wanted = {
            judge: RequestsToJudge(judges.spender(judge), judges.models[judge], judges.requests(draws))
            for judge, draws in by_judge.items()
        }
        gone |= await send_at_once(sender, wanted, live=live)
        failed |= {one for one in due if sender.store.get(judges.request(one).id) is None}


def known(judges: EvaluationJudges, store: Store, questions: Iterable[JudgeQuestion]) -> Verdicts:
    """The same of what was asked before; nobody is asked."""
    return _look_up(judges, store, list(dict.fromkeys(questions)))[0]


def _look_up(
    judges: EvaluationJudges, store: Store, questions: Sequence[JudgeQuestion]
) -> tuple[Verdicts, list[JudgeDraw]]:
    """(what the store says of each question, what it lacks)."""
    found: dict[JudgeQuestion, JudgeVerdict | PairVerdict | NoVerdict] = {}
    due = []
    for question in questions:
        for draw in range(DRAWS):
            asked = JudgeDraw(question, draw)
            request = judges.request(asked)
            _, answer = final_answer(store, request, judges.models[question.judge].sampling.raise_to)
            if answer is None:
                name = judges.names[question.judge]
                found[question] = NoVerdict(name, why_pending(store, request.id), pending=True)
                due.append(asked)
                break
            found[question] = judges.read(question, answer)
            if not isinstance(found[question], NoVerdict):
                break
    return found, due
