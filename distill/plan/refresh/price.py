"""What a refresh still has to pay for, and what its plan says in a sentence."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from distill.evaluate import arms
from distill.generate import questions
from distill.generate.questions import TeacherQuestions, first_questions
from distill.pipeline.next_run import growing
from distill.plan.estimate import Spender, SpenderEstimate, estimate
from distill.plan.refresh.grow import growth_plans, growth_spenders
from distill.plan.refresh.result import GrowthPlan, RefreshPlan
from distill.plan.refresh.rows import RefreshRows
from distill.plan.training import training_estimate
from distill.task.task import Task

_TRAINED_ON = ("student.", "gates", "dedup.", "dataset.", "strata.", "seeds.", "judge.")
"""Settings of which a change can make another dataset or student."""


def priced(found: RefreshPlan, rows: RefreshRows) -> RefreshPlan:
    """The plan with what is still to be asked, and what it may cost."""
    task = rows.task
    fresh = rows.fresh()
    anew = [seed for seed, stratum in rows.asked_before().items() if stratum in found.chosen]
    train = [one for seed in (*anew, *fresh) for one in first_questions(task, seed)]
    spenders = [
        *(_teacher(rows, name, [one for one in train if one.teacher == n]) for n, name in _names(task)),
        *_tested(rows),
    ]
    growth = growth_plans(rows)
    spenders += (to_grow := growth_spenders(rows, growth, fresh))
    retrain = bool(anew or fresh or to_grow) or any(
        name.startswith(_TRAINED_ON) or name == task.spec.student.prompt for name in found.changes
    )
    trained = training_estimate(task, rows.table, spenders[0]) if retrain else None
    return dataclasses.replace(
        found, spenders=[*spenders, *([trained] if trained else [])], new_rows=len(fresh), retrain=retrain,
        growth=growth, advice=_advice(found, len(anew), len(fresh), retrain, growth if to_grow else []),
        idle=not retrain and all(_of_teacher(task, name) or name.startswith(growing.MISSES) for name in found.changes),
    )  # fmt: skip


def _tested(rows: RefreshRows) -> list[SpenderEstimate]:
    """The teacher on the test rows, where it is an arm."""
    tests = rows.table.filter(role="test")
    teacher = next((arm for arm in arms.arms_of(rows.task, student=None) if arm.name == "teacher"), None)
    if teacher is None:
        return []
    requests = arms.requests(rows.task, teacher, tests)
    return [estimate(Spender("evaluate teacher", requests, rows.task.teachers[0]), rows.store, None)]


def _names(task: Task) -> list[tuple[int, str]]:
    """(number, spender) of the teachers that are asked first."""
    return [(n, questions.spender(task, n)) for n in range(1 + len(task.spec.teacher.panel))]


def _teacher(rows: RefreshRows, name: str, asked: TeacherQuestions) -> SpenderEstimate:
    at = rows.task.teachers[asked[0].teacher if asked else 0]
    return estimate(Spender(name, questions.requests(rows.task, rows.table, asked), at), rows.store, None)


def _of_teacher(task: Task, change: str) -> bool:
    """Whether a setting or a file that changed is one of the teacher's alone."""
    teacher = task.spec.teacher
    return change.startswith("teacher.") or change in (teacher.prompt, teacher.output, teacher.tools)


def _advice(found: RefreshPlan, anew: int, fresh: int, retrain: bool, growth: Sequence[GrowthPlan]) -> str:
    if not retrain and not found.strata and found.earlier != found.teacher:
        return "Nothing to ask anew: no training row has an answer of a teacher."
    if not retrain and any(name.startswith(growing.MISSES) for name in found.changes):
        return "Nothing to grow with: no seed of those strata is left to ask, and none can be made (seeds.expand); add seeds of them, or set it."
    if not retrain and not found.strata:
        return "Nothing to ask, and the student may stay as it is: what changed is how it is compared, or not of the dataset."
    if not retrain and any(one.old_better for one in found.strata):
        return "Nothing to ask anew: where the new teacher's answers are clearly others, the old ones are better; the student may stay as it is."
    if not retrain:
        return (
            "Nothing to ask anew: the new teacher's answers are not clearly others, so the student may stay as it is."
        )
    parts = [
        *([f"ask {anew:,} rows of {len(found.chosen)} of {len(found.strata)} strata anew"] if anew else []),
        *([f"ask at most {fresh:,} new rows"] if fresh else []),
        *([f"ask for {_more(growth)}"] if growth else []),
        "train again",
    ]
    said = ", ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def _more(growth: Sequence[GrowthPlan]) -> str:
    """How many rows are to be added, and why there."""
    rows = sum(one.grown.new for one in growth)
    missed, strata = any(one.grown.lost for one in growth), f"{len(growth)} strat{'a' if len(growth) > 1 else 'um'}"
    return f"{rows:,} rows more of {strata}, {'which the student missed most' if missed else 'from which inputs were harvested'}"
