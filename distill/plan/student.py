"""What a student at a host will take for the test rows, those set apart for calibration, and its probes, before there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from distill.evaluate import arms
from distill.evaluate.arms import Arm
from distill.evaluate.probes.stage import student_requests
from distill.money import most_usd
from distill.plan.estimate import Cost, SpenderEstimate
from distill.records import Request, Usage
from distill.teacher.endpoint.models import rate_of
from distill.teacher.requests import ceiling
from distill.text import tokens

if TYPE_CHECKING:
    import polars as pl

    from distill.task.task import Task
    from distill.teacher.endpoint.address import Address


def student_estimates(task: Task, table: pl.DataFrame, teacher: SpenderEstimate) -> list[SpenderEstimate]:
    """A row of the plan for each of the three, at the price of the tuned model; none where no host serves it or its price is not known.

    At most: the longest answers; expected: those of the teacher's median length so far.
    """
    student = _student(task)
    if student is None or task.spec.dataset.preview is not None:
        return []
    asked = ((name, requests, times) for name, requests, times in _asked(task, table, student) if requests)
    return [_estimate(name, student, requests, times, teacher) for name, requests, times in asked]


def _student(task: Task) -> Address | None:
    way = task.spec.student.train
    rate = rate_of(way.tuned_price) or rate_of(way.price)
    if way.with_ != "hosted" or "student" not in task.spec.arms or rate is None:
        return None
    return replace(task.base, rate=rate)


def _asked(task: Task, table: pl.DataFrame, student: Address) -> Iterator[tuple[str, Sequence[Request], int]]:
    """(spender, its requests, how often each is sent)."""
    arm, settings = Arm("student", student, task.student_prompt), task.spec.evaluate.calibration
    times = 1 + (settings.draws if settings else 0)
    yield "evaluate student", arms.requests(task, arm, table.filter(role="test")), times
    yield "calibrate student", arms.requests(task, arm, table.filter(role="calibration")), times
    yield "probes student", student_requests(task, student, table.filter(role="test")), 1


def _estimate(
    name: str, student: Address, requests: Sequence[Request], times: int, teacher: SpenderEstimate
) -> SpenderEstimate:
    prompt = times * sum(tokens.count_messages(one.turns, student.model) for one in requests)
    longest = times * sum(ceiling(one).completion_tokens for one in requests)
    price = student.price
    cost = Cost(most_usd(price, Usage(prompt, longest)) if price else None)
    if teacher.measured is not None and price is not None and cost.usd_at_most is not None:
        usual = min(longest, times * len(requests) * teacher.measured.completion_tokens_p50_p95[0])
        usd = most_usd(price, Usage(prompt, usual))
        cost = Cost(cost.usd_at_most, usd, usd, cost.usd_at_most)
    count = times * len(requests)
    return SpenderEstimate(
        name, student.model, "hosted", requests=count, in_store=0, to_send=count, share_expected=1.0, prompt_tokens=prompt,
        completion_tokens_at_most=longest, cost=cost, ways=None, measured=None,
    )  # fmt: skip
