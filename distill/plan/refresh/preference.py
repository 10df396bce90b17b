"""Whose answer a judge prefers, where the two teachers differ and no known answer says who is right.

Each pair is shown in both orders, as pairs are in the evaluation: a judge prefers an answer only where it says so in both, and one that
goes with the order calls a tie. The judges are those of `evaluate.judge`, else those of the gate `judge`; without either nobody is asked.
Every question goes through the answer store, live and within the budget. A reply that cannot be read is asked for once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from distill.curate.gates.judge.requests import instructions_of
from distill.evaluate.judging.asking import DRAWS, EvaluationJudges, JudgeDraw, JudgeQuestion, ask
from distill.evaluate.judging.comparing import judged_pair
from distill.evaluate.judging.measures.bias import JudgedPair
from distill.evaluate.judging.measures.family import family_warnings
from distill.evaluate.judging.measures.pairwise import LOSS, TIE, WIN, flips, outcome
from distill.evaluate.judging.pair_question import AnswerPair
from distill.evaluate.judging.stage import judges_of
from distill.plan.estimate import Spender
from distill.plan.refresh.result import JudgedPreference
from distill.stats import mean_interval
from distill.task.task import Task
from distill.teacher.send import Sender
from distill.text.normalise import storable

GATE, SPENDER = "judge", "probe judge"


@dataclass(frozen=True, slots=True)
class Differing:
    """One row on which the two teachers differ: its stratum, and what a judge is shown."""

    seed: str
    stratum: str
    pair: AnswerPair
    """The new answer first and the old one second."""


def judges(task: Task) -> EvaluationJudges | None:
    """Who is asked: the judges of the evaluation, else those of the gate; None where the spec has neither."""
    own = judges_of(task)
    if own is not None:
        return replace(own, spends_as=SPENDER)
    rubric = task.rubrics.get(GATE)
    return EvaluationJudges(task.judges, rubric, SPENDER) if rubric is not None else None


def warnings(asked: EvaluationJudges, teachers: Sequence[str]) -> list[str]:
    """Judges that would compare answers of their own model, or of its family; `teachers` are the new one and the old one."""
    return family_warnings([one.address.model for one in asked.models], teachers, [])


def differing(task: Task, row: Mapping[str, str | None], *, new: str = "", old: str = "") -> Differing:
    """A row (seed_id, stratum, input, gold); what is known of its answer is shown where the spec lets a judge see it."""
    own = task.spec.evaluate.judge
    shown = own.reference if own is not None else task.reference
    pair = AnswerPair(
        row["input"] or "", storable(new), storable(old), row["gold"] if shown else None, instructions_of(task)
    )
    return Differing(row["seed_id"] or "", row["stratum"] or "", pair)


def at_most(task: Task, asked: EvaluationJudges | None, rows: Sequence[Differing]) -> Iterator[Spender]:
    """What the judges may be asked about rows without a new answer yet: each in both orders, and once more where no reply can be read."""
    if asked is None:
        return
    longest = max(one.sampling.max_tokens for one in task.teachers)
    for number, model in enumerate(asked.models):
        draws = [
            JudgeDraw(JudgeQuestion(number, one), draw)
            for row in rows
            for one in (row.pair, row.pair.swapped)
            for draw in range(DRAWS)
        ]
        yield Spender(asked.spender(number), (), model, to_come=longest * len(draws), stand_ins=asked.requests(draws))


async def preferences(
    asked: EvaluationJudges, sender: Sender, rows: Sequence[Differing]
) -> dict[str, JudgedPreference]:
    """Stratum → what the judges prefer there; every judge is asked about every row, in both orders."""
    everyone = range(len(asked.models))
    shown = [one for row in rows for one in (row.pair, row.pair.swapped)]
    verdicts = await ask(asked, sender, [JudgeQuestion(n, one) for one in shown for n in everyone], live=True)
    by_stratum: dict[str, list[list[JudgedPair]]] = {}
    for row in rows:
        found = [judged_pair(row.seed, row.pair, n, verdicts) for n in everyone]
        by_stratum.setdefault(row.stratum, []).append([one for one in found if one is not None])
    return {stratum: preference(pairs) for stratum, pairs in sorted(by_stratum.items())}


def preference(pairs: Sequence[Sequence[JudgedPair]]) -> JudgedPreference:
    """What judges prefer over pairs, each with the verdicts that could be read; the new teacher's answer is ours."""
    read = [judged for judged in pairs if judged]
    outcomes = Counter(outcome(judged) for judged in read)
    by_order = sum(all(flips(one.shown_first, one.shown_second) for one in judged) for judged in read)
    return _of(outcomes[WIN], outcomes[LOSS], outcomes[TIE], by_order, len(pairs) - len(read))


def together(found: Sequence[JudgedPreference]) -> JudgedPreference:
    """The same over the pairs of several strata."""
    fields = ("new_better", "old_better", "ties", "by_order", "unread")
    return _of(*(sum(getattr(one, field) for one in found) for field in fields))


def _of(new: int, old: int, ties: int, by_order: int, unread: int) -> JudgedPreference:
    outcomes = [WIN] * new + [LOSS] * old + [TIE] * ties
    won = mean_interval(outcomes) if outcomes else None
    return JudgedPreference(len(outcomes), new, old, ties, by_order, unread, won)
