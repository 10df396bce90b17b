"""What growing asks for in a refresh: real seeds that nobody was asked yet, then synthetic ones; at the price of each."""

from __future__ import annotations

from collections.abc import Collection

from distill.generate import questions
from distill.generate.questions import first_questions
from distill.plan.estimate import Spender, SpenderEstimate, estimate
from distill.plan.refresh.result import GrowthPlan
from distill.plan.refresh.rows import RefreshRows
from distill.plan.upper_bound import synthetic_spenders
from distill.strata import targets


def growth_plans(rows: RefreshRows) -> list[GrowthPlan]:
    """Each stratum that grows in this refresh; `rows.task` has the growth."""
    growth, unasked, known = rows.task.growth, rows.unasked(), rows.known()
    found = []
    for one in growth.new if growth else ():
        real = len(unasked.get(one.stratum, ())) + known[one.stratum]
        found.append(GrowthPlan(one, real, max(0, one.new - real)))
    return found


def growth_spenders(rows: RefreshRows, found: list[GrowthPlan], priced: Collection[str]) -> list[SpenderEstimate]:
    """What is asked beside the seeds whose questions are `priced` already: real ones first, as many as are likely needed, and then up to the
    cap of `seeds.expand`."""
    task, unasked, known = rows.task, rows.unasked(), set(priced)
    seeds = [
        seed
        for one in found
        for seed in unasked.get(one.grown.stratum, [])[: targets.likely(one.grown.new, tried=0, got=0)]
        if seed not in known
    ]
    spenders = []
    for number in range(1 + len(task.spec.teacher.panel)):
        asked = [one for seed in seeds for one in first_questions(task, seed) if one.teacher == number]
        name = f"{questions.spender(task, number)}, to grow"
        spenders.append(Spender(name, questions.requests(task, rows.table, asked), task.teachers[number]))
    lack = {one.grown.stratum: one.synthetic for one in found if one.synthetic}
    spenders += synthetic_spenders(task, rows.table, rows.expansion, lack)
    return [estimate(one, rows.store, None) for one in spenders if one.requests or one.stand_ins]
