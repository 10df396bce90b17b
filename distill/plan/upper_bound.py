"""What may still be asked when gates refuse rows and strata lack them: further draws, and as many synthetic seeds as the cap
allows, with every answer and verdict on them.

No text of a synthetic seed is known yet. The real seed that it would be made from stands in for it, and the generator's
ceiling is counted on top, since a synthetic one may be longer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.curate.gates.judge.expected import expected_verdicts
from distill.curate.gates.judge.requests import judge_spender
from distill.generate import questions
from distill.generate.questions import TeacherQuestion
from distill.plan.estimate import Spender
from distill.seeds import approved
from distill.seeds.expansion import questions as candidates
from distill.seeds.expansion import rounds
from distill.seeds.expansion.prompts import Candidate
from distill.strata import targets
from distill.task.task import Task

_LACKING = "strata lack when no seed is left"
_REFUSED = "gates drop while strata lack rows"


@dataclass(frozen=True, slots=True)
class PassRates:
    """Shares of rows: `failing` are refused by gates, `judged` come to a judge."""

    failing: float = 1.0
    judged: float = 1.0


def further_spenders(task: Task, table: pl.DataFrame, rates: PassRates) -> list[Spender]:
    """Every spender of further draws and synthetic seeds; none where the spec has neither."""
    synthetic = _synthetic(task, table)
    parents = [candidate.parent for candidate in synthetic.candidates]
    found = [
        *_making(task, table, synthetic),
        *_answering(task, table, parents, synthetic.share, rates),
        *_redrawing(task, table, parents, synthetic.share, rates),
    ]
    return [spender for spender in found if spender.requests or spender.stand_ins]


@dataclass(frozen=True, slots=True)
class _Synthetic:
    """Candidates up to the cap, what asks for them, and the share of them that strata lack if no row is lost."""

    candidates: Sequence[Candidate] = ()
    expansion: rounds.Expansion | None = None
    share: float = 0.0


def _synthetic(task: Task, table: pl.DataFrame) -> _Synthetic:
    wanted = task.spec.seeds.expand
    if wanted is None:
        return _Synthetic()
    expansion = rounds.Expansion(task, table, table.clear())
    most = rounds.unlimited(task, table)
    # Rounds that bring little ask for more and more, until the cap.
    due = expansion.next(dict.fromkeys(most, wanted.at_most), frozenset())
    lack = sum(targets.wanted(task.targets, table, most).values()) - table.filter(role="train").height
    return _Synthetic(due, expansion, min(1.0, max(0, lack) / max(1, len(due))))


def synthetic_spenders(
    task: Task, table: pl.DataFrame, expansion: rounds.Expansion, lack: Mapping[str, int]
) -> list[Spender]:
    """Making synthetic seeds for the rows that strata `lack`, up to the cap, checking and answering them."""
    wanted = task.spec.seeds.expand
    due = expansion.next(dict.fromkeys(lack, wanted.at_most), frozenset()) if wanted else []
    if not due:
        return []
    share = min(1.0, sum(lack.values()) / len(due))
    parents = [candidate.parent for candidate in due]
    found = _making(task, table, _Synthetic(due, expansion, share))
    return [*found, *_answering(task, table, parents, share, PassRates())]


def _making(task: Task, table: pl.DataFrame, synthetic: _Synthetic) -> Iterator[Spender]:
    """Making synthetic seeds, and checking them."""
    wanted, at, expansion = task.spec.seeds.expand, task.seed_generator, synthetic.expansion
    if expansion is None or wanted is None:
        return
    made = [expansion.questions.request(one) for one in synthetic.candidates]
    yield Spender(candidates.MAKES, made, at, synthetic.share, only=_LACKING)
    if wanted.plausible:
        fields = dict(table.select("seed_id", "fields").iter_rows())
        checks = [expansion.questions.check(one, json.loads(fields[one.parent])) for one in synthetic.candidates]
        longer = at.sampling.max_tokens * len(checks)
        yield Spender(candidates.CHECKS, (), at, synthetic.share, longer, stand_ins=checks, only=_LACKING)


def _answering(
    task: Task, table: pl.DataFrame, parents: Sequence[str], share: float, rates: PassRates
) -> Iterator[Spender]:
    """Every teacher for synthetic seeds, and the judges of its answers; a fallback stands behind the first for every row."""
    longer = task.seed_generator.sampling.max_tokens
    for n, teacher in enumerate(task.teachers):
        asked = [ask for seed in parents for ask in questions.draws_of(task, seed, n)]
        needed = share * (1.0 if task.spec.teacher.panel else rates.failing**n)
        name, wanted = f"{questions.spender(task, n)}, new seeds", questions.requests(task, table, asked)
        yield Spender(name, (), teacher, needed, longer * len(asked), stand_ins=wanted, only=_LACKING)
        judged = _Judged("new seeds", needed * rates.judged, _LACKING, longer)
        yield from _judging(task, table, asked, judged)


def _redrawing(
    task: Task, table: pl.DataFrame, parents: Sequence[str], share: float, rates: PassRates
) -> Iterator[Spender]:
    """Further draws of refused rows, of real seeds and of synthetic ones, and the judges of them."""
    real = approved.askable(task, table.filter(role="train"))["seed_id"].to_list()
    known, new = ([ask for seed in seeds for ask in questions.redraws(task, seed)] for seeds in (real, parents))
    by, longer = questions.redrawing_teacher(task), task.seed_generator.sampling.max_tokens
    again, anew = (questions.requests(task, table, asked) for asked in (known, new))
    yield Spender(
        f"{questions.spender(task, by)}, drawn again", again, task.teachers[by], rates.failing, longer * len(new),
        stand_ins=anew, only=_REFUSED,
    )  # fmt: skip
    refused = rates.failing * rates.judged
    yield from _judging(task, table, known, _Judged("drawn again", refused, _REFUSED))
    yield from _judging(task, table, new, _Judged("new seeds drawn again", share * refused, _REFUSED, longer))


@dataclass(frozen=True, slots=True)
class _Judged:
    """Answers that a judge may be asked about; their inputs may be `longer` by so many tokens than those that stand in."""

    what: str
    share: float
    only: str
    longer: int = 0


def _judging(task: Task, table: pl.DataFrame, answers: Sequence[TeacherQuestion], judged: _Judged) -> Iterator[Spender]:
    """Every judge for answers that are not there."""
    for n, judge in enumerate(task.judges):
        expected = expected_verdicts(task, n, table, answers)
        to_come = expected.answer_tokens + judged.longer * len(expected.requests)
        name = f"{judge_spender(task, n)}, {judged.what}"
        yield Spender(name, (), judge, judged.share, to_come, stand_ins=expected.requests, only=judged.only)
