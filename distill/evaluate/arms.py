"""The arms on the test rows: which model with which prompt, its answers, and the scores of each.

teacher         the teacher's prompt and the output schema, as the dataset was made
prompted_base   the base with the teacher's prompt; no schema is forced, so its format is its own work. It is the teacher where
                the teacher is the base
base            the base with the student's short prompt
student         the same, with what it learnt
previous        the student of the run that this one refreshes (`distill.evaluate.previous`)
linear          a linear model of the rows that the student learnt, where answers are closed (`distill.student.linear`)
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.chat.templates import Template
from distill.errors import AccessRefused, RowsOwed
from distill.evaluate.fields import FieldRules, field_rules
from distill.records import Answer, Ended, Json, Request
from distill.task.task import Task
from distill.teacher import schedule
from distill.teacher.endpoint.address import Address
from distill.teacher.requests import row_request
from distill.teacher.schedule import InBatches
from distill.teacher.send import Interrupted, Sender
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import final_answer, is_refused
from distill.text.normalise import storable

Answers = Sequence[tuple[str, Answer | None]]
"""(seed_id, answer) of every test row, None where the endpoint gave none."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A model with a prompt under evaluation; `output` is the schema that is forced on it, or None."""

    name: str
    address: Address
    template: Template
    output: Mapping[str, Json] | None = None


def arms_of(task: Task, *, student: Address | None) -> list[Arm]:
    """The spec's arms in its order; the student's where there is one."""
    known = {
        "teacher": Arm("teacher", task.teacher, task.teacher_prompt, task.output),
        "prompted_base": Arm("prompted_base", task.base, task.teacher_prompt),
        "base": Arm("base", task.base, task.student_prompt),
    }
    if student is not None:
        known["student"] = Arm("student", student, task.student_prompt)
    if "teacher" in task.spec.arms and teacher_is_base(task):
        del known["prompted_base"]
    return [known[name] for name in task.spec.arms if name in known]


def teacher_is_base(task: Task) -> bool:
    """Whether the teacher is the student's base at the same place: then it is the prompted base, and asked once."""
    return (task.base.model, task.base.identity) == (task.teacher.model, task.teacher.identity)


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


async def call(task: Task, arm: Arm, tests: pl.DataFrame, sender: Sender) -> Answers:
    """Every test row's answer, None where the endpoint would not give one."""
    wanted = requests(task, arm, tests)
    model = task.teachers[0] if arm.name == "teacher" else task.beside(arm.address)
    try:
        await schedule.send(sender, wanted, model, arm.name)
    except (AccessRefused, RowsOwed) as fault:
        others = task.spec.teacher.fallback or task.spec.teacher.panel
        if arm.name != "teacher" or not others or isinstance(fault, Interrupted | InBatches):
            raise
        sender.watch.say(f"  {arm.address.model} is given up, its test rows stay unanswered: {fault}")
    raise_to = model.sampling.raise_to
    return [
        (seed, final_answer(sender.store, one, raise_to)[1] or _refused(sender.store, one))
        for seed, one in zip(tests["seed_id"], wanted, strict=True)
    ]


def _refused(store: Store, row_request: Request) -> Answer | None:
    """A row that the endpoint will never take: no answer, and not pending either."""
    return Answer(row_request.id, Ended.REFUSED) if is_refused(store, row_request) else None


def rules_of(task: Task, tests: pl.DataFrame, answered: Mapping[str, Answers]) -> FieldRules:
    """Which fields are compared on these rows, and how."""
    settings = task.spec.evaluate
    golds = {seed: json.loads(text) for seed, text in tests.select("seed_id", "gold").drop_nulls().iter_rows()}
    return field_rules(
        schema=task.output, given=settings.rules, only=settings.only, golds=golds, teacher=_texts(answered, "teacher"),
        inputs=dict(tests.select("seed_id", "input").iter_rows()),
    )  # fmt: skip


def _texts(answered: Mapping[str, Answers], arm: str) -> dict[str, str]:
    return {seed: answer.said for seed, answer in answered.get(arm, ()) if answer is not None and answer.ok}


def calls_table(answered: Mapping[str, Answers], unpriced: Collection[str] = ()) -> pl.DataFrame:
    """calls.parquet, as `compare` takes it. What the arms of `unpriced` cost is not known."""
    rows = [
        _call(seed, arm, answer, priced=arm not in unpriced)
        for arm, found in answered.items()
        for seed, answer in found
    ]
    schema = {
        "seed_id": pl.String, "arm": pl.String, "latency_s": pl.Float64, "prompt_tokens": pl.Int64,
        "completion_tokens": pl.Int64, "usd": pl.Float64, "text": pl.String, "ended": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row").sort("arm", "seed_id")


def _call(seed: str, arm: str, answer: Answer | None, *, priced: bool) -> tuple[object, ...]:
    if answer is None or not answer.ok:
        return seed, arm, None, None, None, None, None, answer.ended.value if answer else "pending"
    usage, usd = answer.usage, answer.usd if priced else None
    return seed, arm, answer.latency_s, usage.prompt_tokens, usage.completion_tokens, usd, storable(answer.said), "ok"
