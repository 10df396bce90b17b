"""The arms on the test rows: which model with which prompt, its answers, and the scores of each.

teacher         the teacher's prompt and the output schema, as the dataset was made
prompted_base   the base with the teacher's prompt; no schema is forced, so its format is its own work
base            the base with the student's short prompt
student         the same, with what it learnt
previous        the student of the run that this one refreshes
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from distill.chat.templates import Template
from distill.errors import AccessRefused, RowsOwed
from distill.records import Answer, Ended, Request
from distill.teacher import schedule
from distill.teacher.endpoint.address import Address
from distill.teacher.requests import row_request
from distill.teacher.schedule import InBatches
from distill.teacher.send import Interrupted, Sender
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import final_answer, is_refused

if TYPE_CHECKING:
    import polars as pl

    from distill.evaluate.fields import Plan
    from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class Arm:
    """A model with a prompt under evaluation; `output` is the schema that is forced on it, or None."""

    name: str
    address: Address
    template: Template
    output: Mapping[str, Any] | None = None


def arms(task: Task, *, student: Address | None, previous: Address | None = None) -> list[Arm]:
    """The spec's arms in its order; the student's where there is one, and the previous student's in a refresh."""
    known = {
        "teacher": Arm("teacher", task.teacher, task.teacher_prompt, task.output),
        "prompted_base": Arm("prompted_base", task.base, task.teacher_prompt),
        "base": Arm("base", task.base, task.student_prompt),
    }
    if student is not None:
        known["student"] = Arm("student", student, task.student_prompt)
    chosen = [known[name] for name in task.spec.evaluate.arms if name in known]
    return [*chosen, Arm("previous", previous, task.student_prompt)] if previous is not None else chosen


def requests(task: Task, arm: Arm, tests: pl.DataFrame) -> list[Request]:
    """One request a test row; the base and the student answer greedily, the teacher as it was asked for the dataset."""
    sampling = task.spec.teacher.sampling
    if arm.name != "teacher":
        # Greedy, but where a host's models may take no temperature and the spec sets none.
        greedy = None if sampling.temperature is None and arm.address.dialect != "chat" else 0.0
        sampling = sampling.model_copy(update={"temperature": greedy, "top_p": None, "extra": {}})
    return [
        row_request(
            json.loads(fields),
            template=arm.template,
            address=arm.address,
            sampling=sampling,
            output=arm.output,
            tools=task.tools,
            own=True,
        )
        for fields in tests["fields"]
    ]


async def call(task: Task, arm: Arm, tests: pl.DataFrame, sender: Sender) -> list[tuple[str, Answer | None]]:
    """Every test row's answer, None where the endpoint would not give one."""
    wanted = requests(task, arm, tests)
    at = task.teachers[0] if arm.name == "teacher" else task.beside(arm.address)
    try:
        await schedule.send(sender, wanted, at, arm.name)
    except (AccessRefused, RowsOwed) as fault:
        others = task.spec.teacher.fallback or task.spec.teacher.panel
        if arm.name != "teacher" or not others or isinstance(fault, Interrupted | InBatches):
            raise
        sender.watch.say(f"  {arm.address.model} is given up, its test rows stay unanswered: {fault}")
    raise_to = at.sampling.raise_to
    return [
        (seed, final_answer(sender.store, one, raise_to)[1] or _refused(sender.store, one))
        for seed, one in zip(tests["seed_id"], wanted, strict=True)
    ]


def _refused(store: Store, row_request: Request) -> Answer | None:
    """A row that the endpoint will never take: no answer, and not owed either."""
    return Answer(row_request.id, Ended.REFUSED) if is_refused(store, row_request) else None


def planned(task: Task, tests: pl.DataFrame, answered: Mapping[str, Sequence[tuple[str, Answer | None]]]) -> Plan:
    """Which fields are compared on these rows, and how."""
    from distill.evaluate.fields import plan

    given = task.spec.evaluate
    golds = {seed: json.loads(text) for seed, text in tests.select("seed_id", "gold").drop_nulls().iter_rows()}
    return plan(
        schema=task.output, given=given.rules, only=given.only, golds=golds, teacher=_said(answered, "teacher"),
        inputs=dict(tests.select("seed_id", "input").iter_rows()),
    )  # fmt: skip


def _said(answered: Mapping[str, Sequence[tuple[str, Answer | None]]], arm: str) -> dict[str, str]:
    return {seed: answer.said for seed, answer in answered.get(arm, ()) if answer is not None and answer.ok}


def tables(
    task: Task,
    tests: pl.DataFrame,
    answered: Mapping[str, Sequence[tuple[str, Answer | None]]],
    how: Plan,
    unpriced: Collection[str] = (),
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(scores, calls) as `evaluate.table.compare` takes them; a call without an answer is unscored, with its reason.

    What the arms of `unpriced` cost is not known.
    """
    import polars as pl

    calls = pl.DataFrame(
        [_call(seed, arm, answer, priced=arm not in unpriced) for arm, rows in answered.items() for seed, answer in rows],
        schema={
            "seed_id": pl.String, "arm": pl.String, "latency_s": pl.Float64, "prompt_tokens": pl.Int64,
            "completion_tokens": pl.Int64, "usd": pl.Float64, "text": pl.String, "ended": pl.String,
        }, orient="row",
    )  # fmt: skip
    teacher = _said(answered, "teacher")
    gold = {seed: json.loads(text) if text else None for seed, text in tests.select("seed_id", "gold").iter_rows()}
    scores = pl.DataFrame(
        [
            (seed, arm, *scored)
            for arm, rows in answered.items()
            for seed, answer in rows
            for scored in _scores(task, how, gold[seed], teacher.get(seed), answer)
        ],
        schema={
            "seed_id": pl.String,
            "arm": pl.String,
            "metric": pl.String,
            "value": pl.Float64,
            "reason": pl.String,
        },
        orient="row",
    )
    return scores.sort("arm", "metric", "seed_id"), calls.sort("arm", "seed_id")


def _call(seed: str, arm: str, answer: Answer | None, *, priced: bool) -> tuple[Any, ...]:
    if answer is None or not answer.ok:
        return seed, arm, None, None, None, None, None, answer.ended.value if answer else "pending"
    from distill.text.normalise import storable

    usage = answer.usage
    return (
        seed,
        arm,
        answer.latency_s,
        usage.prompt_tokens,
        usage.completion_tokens,
        answer.usd if priced else None,
        storable(answer.said),
        "ok",
    )


def _scores(
    task: Task, how: Plan, gold: Any, teacher: str | None, answer: Answer | None
) -> list[tuple[str, float | None, str]]:
    from distill.evaluate.metrics import METRICS, NO_ANSWER, Example, Unscored

    example = Example(gold=gold, schema=task.output, teacher=teacher, gold_rules=how.gold, teacher_rules=how.teacher)
    rows: list[tuple[str, float | None, str]] = []
    for name in task.spec.evaluate.metrics:
        if answer is None or not answer.ok:
            rows.append((name, None, NO_ANSWER))
            continue
        if name == "schema" and answer.tool_calls:
            rows.append((name, None, "calls a tool"))
            continue
        try:
            score = METRICS[name](example, answer.said)
            rows.append((name, score.value, score.reason))
        except Unscored as reason:
            rows.append((name, None, str(reason)))
    return rows
