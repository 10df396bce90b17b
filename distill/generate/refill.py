"""What a run asks next: the policies that fill strata which lack rows, in the order in which they are tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.generate.questions import (
    TeacherQuestion,
    TeacherQuestions,
    draws_of,
    first_questions,
    further_draws,
    last_teachers,
    may_fall_back,
    next_redraws,
)
from distill.generate.seed_status import SeedStatus
from distill.records import content_id
from distill.seeds import approved
from distill.seeds.expansion.rounds import harvested
from distill.similarity.graph import Graph
from distill.strata import targets
from distill.tables.lookup import Lookup, without
from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class RefillState:
    """How far a run is after a curation."""

    task: Task
    table: pl.DataFrame
    """Its seeds, those made included."""
    asked: TeacherQuestions
    seeds: SeedStatus
    missing: Mapping[str, int]
    """Stratum → rows that it lacks."""
    survived: frozenset[str]
    """Seeds of which a row is left after every step before the quotas, or may be once an answer or a verdict comes."""
    contested: frozenset[str] = frozenset()
    """Seeds in conflict that are to be asked again."""
    decided: frozenset[str] = frozenset()
    """Seeds that a person decided."""


def next_questions(progress: RefillState) -> TeacherQuestions:
    """The questions of the first policy that has any."""
    for policy in POLICIES:
        if questions := policy(progress):
            return questions
    return []


def reason_text(further: TeacherQuestions, asked: TeacherQuestions) -> str:
    """Why there is another round of asking, in words."""
    seeds, seen = {question.seed for question in further}, {question.seed for question in asked}
    rows = f"{len(seeds):,} row{'s' if len(seeds) != 1 else ''}"
    match further[0].kind:
        case "vote":
            return f"asking again about {rows} whose answers contradict those of near-duplicates: the answers will vote"
        case "redraw":
            return f"asking once more about {rows} of which gates refused every answer so far"
    if seeds <= seen:
        return f"asking the next teacher about {rows} of which gates refused every answer so far"
    return f"asking about {rows} more, in place of those that were lost: their strata are short of rows"


def ask_votes(progress: RefillState) -> TeacherQuestions:
    """The further questions about rows in conflict: to the teacher that each came to last; a panel takes turns."""
    return votes(progress.task, progress.asked, progress.contested)


def ask_next_teacher(progress: RefillState) -> TeacherQuestions:
    """The next teacher's questions for seeds of which those before gave no answer that the gates let pass, as far as their
    strata are likely to need them.
    """
    strata, last, settled = Lookup(progress.table, "stratum"), last_teachers(progress.asked), progress.seeds.settled
    tried = (seed for seed, teacher in last.items() for _ in range(teacher))
    left = seeds_to_try(progress.missing, tried, progress.survived, strata)
    picked: TeacherQuestions = []
    for seed, teacher in last.items():
        if may_fall_back(progress.task, seed, teacher, settled) and left.get(strata[seed], 0) > 0:
            left[strata[seed]] -= 1
            picked += draws_of(progress.task, seed, teacher + 1)
    return picked


def ask_new_seeds(progress: RefillState) -> TeacherQuestions:
    """Of each stratum that lacks rows as many unasked seeds as it is likely to need: harvested inputs, then by a hash of the seed."""
    open_ = approved.askable(progress.task, without(progress.table, progress.decided))
    strata = dict(open_.select("seed_id", "stratum").iter_rows())
    seen, unasked = {question.seed for question in progress.asked}, dict[str, list[str]]()
    for seed, stratum in strata.items():
        if seed not in seen:
            unasked.setdefault(stratum, []).append(seed)
    missing = {stratum: count for stratum, count in progress.missing.items() if stratum in unasked}
    needed = seeds_to_try(missing, (seed for seed in seen if seed in strata), progress.survived, strata)
    picked: TeacherQuestions = []
    first = harvested(progress.task, progress.table)
    for stratum in sorted(missing):
        order = sorted(unasked[stratum], key=lambda seed: (seed not in first, content_id("ask", seed)))
        for seed in order[: needed[stratum]]:
            picked += first_questions(progress.task, seed)
    return picked


def draw_again(progress: RefillState) -> TeacherQuestions:
    """One more answer for rows of which gates rejected all so far, as far as their strata are likely to need them; by a hash
    of the seed.
    """
    if not progress.missing or not further_draws(progress.task):
        return []
    strata = Lookup(progress.table, "stratum")
    tried = (question.seed for question in progress.asked if question.kind == "redraw")
    left = seeds_to_try(progress.missing, tried, progress.survived, strata)
    further, picked = next_redraws(progress.task, progress.asked, progress.seeds.rejected), []
    for seed, question in sorted(further.items(), key=lambda item: content_id("redraw", item[0])):
        if left.get(strata[seed], 0) > 0:
            left[strata[seed]] -= 1
            picked.append(question)
    return picked


POLICIES: tuple[Callable[[RefillState], TeacherQuestions], ...] = (
    ask_votes,
    ask_next_teacher,
    ask_new_seeds,
    draw_again,
)


def seeds_to_try(
    missing: Mapping[str, int], tried: Iterable[str], survived: Collection[str], strata: Mapping[str, str]
) -> dict[str, int]:
    """Stratum → seeds to try next: what is missing and a tenth more, over the share of those `tried` that survived.

    So a stratum of which little survives is through after few rounds, each of which curates every answer anew.
    """
    count, came = Counter[str](), set[str]()
    for seed in tried:
        count[strata[seed]] += 1
        if seed in survived:
            came.add(seed)
    got = Counter(strata[seed] for seed in came)
    return {stratum: targets.likely(rows, tried=count[stratum], got=got[stratum]) for stratum, rows in missing.items()}


def votes(task: Task, asked: Sequence[TeacherQuestion], seeds: Collection[str]) -> TeacherQuestions:
    last = last_teachers([question for question in asked if question.seed in seeds])
    panel, picked = bool(task.spec.teacher.panel), TeacherQuestions()
    for seed in sorted(seeds):
        turns = range(len(task.teachers)) if panel else (max(last[seed], 0),)
        for n in range(task.spec.dedup.more_votes):
            picked.append(TeacherQuestion(seed, turns[n % len(turns)], n // len(turns), "vote"))
    return picked


def votes_at_most(task: Task, table: pl.DataFrame, first: TeacherQuestions, graph: Graph) -> TeacherQuestions:
    """The votes if every row of a first round that has a near-duplicate were in conflict with it."""
    if task.spec.dedup.on_conflict != "ask_again":
        return []
    train = table.filter(role="train")
    nodes, neighbours = graph.neighbours(train["input"])
    alike = Counter(nodes)
    near = {
        seed
        for seed, node, others in zip(train["seed_id"], nodes, neighbours, strict=True)
        if others or alike[node] > 1
    }
    return votes(task, first, near & {question.seed for question in first})
