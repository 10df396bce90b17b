"""Who answers the test rows, and the rows set apart beside them, before anybody does: the spenders of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from distill.evaluate import arms
from distill.evaluate.arm_kinds import few_shot
from distill.evaluate.arm_kinds.few_shot import Examples
from distill.evaluate.judging.expected import expected_judging
from distill.evaluate.probes.asked.requests import general_requests
from distill.evaluate.probes.stage import calls_wanted
from distill.evaluate.selective import calibration
from distill.plan.estimate import Spender

if TYPE_CHECKING:
    import polars as pl

    from distill.task.task import Task
    from distill.teacher.store.store import Store


def arms_asked(task: Task, table: pl.DataFrame) -> Iterator[Spender]:
    """Every arm but the students, for the test rows and those for calibration, and the base for its probes."""
    yield from _of_tests(task, table)
    if task.spec.evaluate.calibration is not None:
        apart = table.filter(role="calibration")
        for arm in calibration.arms_on(task, apart, arms.arms_of(task, student=None)):
            yield Spender(f"calibrate {arm.name}", arms.requests(task, arm, apart), task.teachers[0])
    if calls_wanted(task)[0]:
        yield Spender("probes base", general_requests(task, task.base), task.beside(task.base))


def judges(task: Task, table: pl.DataFrame, store: Store) -> Iterator[Spender]:
    """Every judge of the answers to the test rows."""
    for one in expected_judging(task, table.filter(role="test"), store) if task.spec.dataset.preview is None else ():
        yield Spender(one.spender, one.requests, one.model, to_come=one.answer_tokens)


def student_calls(task: Task, table: pl.DataFrame) -> int:
    """Of the test rows and of those for calibration, each with its further draws, and of its probes."""
    if task.spec.student.train.with_ == "none":
        return 0
    settings = task.spec.evaluate.calibration
    rows = table.filter(table["role"].is_in(["test", "calibration"])).height
    return rows * (1 + (settings.draws if settings else 0)) + calls_wanted(task)[1]


def _of_tests(task: Task, table: pl.DataFrame) -> Iterator[Spender]:
    """Of arms that send the same requests, the first."""
    tests = table.filter(role="test")
    asked = arms.arms_of(task, student=None, examples=_examples(task, table))
    same = arms.asked_once(task, asked, tests)
    for arm in asked:
        if arm.name in same:
            continue
        to_come = arm.examples.count * arm.examples.to_come * tests.height if arm.examples else 0
        yield Spender(f"evaluate {arm.name}", arms.requests(task, arm, tests), arm.asked(task), to_come=to_come)


def _examples(task: Task, table: pl.DataFrame) -> Examples | None:
    """The dearest examples that the base can be shown; which they are is known once there are answers."""
    if "few_shot" not in task.spec.arms:
        return None
    count, answer = task.spec.evaluate.few_shot, task.teachers[0].sampling.max_tokens
    train = table.filter(role="train")
    return few_shot.longest(train, task.student_prompt, count=count, room=arms.prompt_room(task), answer=answer)
