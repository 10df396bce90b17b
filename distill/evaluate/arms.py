"""The arms on the test rows: which model with which prompt, its answers, and the scores of each.

teacher         the teacher's prompt and the output schema, as the dataset was made
prompted_base   the base with the teacher's prompt; no schema is forced, so its format is its own work. It is the teacher where
                the teacher is the base
few_shot        the base with the student's prompt and training rows as examples (`arm_kinds.few_shot`)
base            the base with the student's short prompt
student         the same, with what it learnt
student training 2, …   the same, trained again by other seeds (`arm_kinds.trained_again`)
gold_student    the same, with what it learns from the known answers alone (`arm_kinds.gold_student`)
previous        the student of the run that this one refreshes (`distill.evaluate.previous`)
linear          a linear model of the rows that the student learnt, where answers are closed (`distill.student.linear`)
embedding       the same over word vectors
and each rival by its name, asked as the teacher is but for what `evaluate.rivals` says of it
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from distill.chat import conversation
from distill.chat.templates import Template
from distill.curate.preflight import context_of
from distill.errors import AccessRefused, RowsOwed
from distill.evaluate.arm_kinds.few_shot import Examples
from distill.evaluate.fields import FieldRules, field_rules
from distill.records import Answer, Ended, Json, Request
from distill.task.task import Task
from distill.teacher import schedule
from distill.teacher.endpoint.address import Address, Model
from distill.teacher.requests import chat_request
from distill.teacher.schedule import InBatches
from distill.teacher.send import Interrupted, Sender
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import final_answer, is_refused
from distill.text.normalise import storable

if TYPE_CHECKING:
    from distill.spec import Sampling

Answers = Sequence[tuple[str, Answer | None]]
"""(seed_id, answer) of every test row, None where the endpoint gave none."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A model with a prompt under evaluation; `output` is the schema that is forced on it, or None."""

    name: str
    address: Address
    template: Template
    output: Mapping[str, Json] | None = None
    rival: Model | None = None
    """How a rival is asked."""
    examples: Examples | None = None
    """Training rows that are shown to it."""
    extra: Mapping[str, Json] = field(default_factory=dict)
    """What its requests hold beside, such as the wish for token probabilities."""

    def asked(self, task: Task) -> Model:
        """The model as it is asked: the teacher and a rival as the spec says, all others beside the teacher."""
        return self.rival or (task.teachers[0] if self.name == "teacher" else task.beside(self.address))


def arms_of(
    task: Task, *, student: Address | None, gold: Address | None = None, examples: Examples | None = None,
    again: Mapping[str, Address] = MappingProxyType({}),
) -> list[Arm]:  # fmt: skip
    """The spec's arms in its order, then further trainings of the student, `again`, and rivals; the student, the one of the known answers
    alone and the base with examples where they are there.
    """
    known = {
        "teacher": Arm("teacher", task.teacher, task.teacher_prompt, task.output),
        "prompted_base": Arm("prompted_base", task.base, task.teacher_prompt),
        "base": Arm("base", task.base, task.student_prompt),
    }
    if examples is not None:
        known["few_shot"] = Arm("few_shot", task.base, task.student_prompt, examples=examples)
    students = {"student": student, "gold_student": gold}
    known |= {name: Arm(name, at, task.student_prompt) for name, at in students.items() if at is not None}
    if "teacher" in task.spec.arms and teacher_is_base(task):
        del known["prompted_base"]
    rivals = [
        Arm(name, model.address, task.rival_prompts.get(name, task.teacher_prompt), task.output, model)
        for name, model in task.rivals.items()
    ]
    trainings = [Arm(name, at, task.student_prompt) for name, at in again.items()]
    return [*(known[name] for name in task.spec.arms if name in known), *trainings, *rivals]


def prompt_room(task: Task) -> int:
    """Tokens that a prompt of the base may have: its context, less the longest answer."""
    return context_of(task) - task.spec.teacher.sampling.max_tokens


def teacher_is_base(task: Task) -> bool:
    """Whether the teacher is the student's base at the same place: then it is the prompted base, and asked once."""
    return (task.base.model, task.base.identity) == (task.teacher.model, task.teacher.identity)


def sampling_of(task: Task, arm: Arm) -> Sampling:
    """Bases and students answer greedily, the teacher as it was asked for the dataset."""
    if arm.name == "teacher" or arm.rival is not None:
        return arm.asked(task).sampling
    sampling = task.spec.teacher.sampling
    # Greedy, but where a host's models may take no temperature and the spec sets none.
    greedy = None if sampling.temperature is None and arm.address.dialect != "chat" else 0.0
    return sampling.model_copy(update={"temperature": greedy, "top_p": None, "extra": dict(arm.extra)})


def requests(task: Task, arm: Arm, tests: pl.DataFrame) -> list[Request]:
    """One request a test row."""
    sampling = sampling_of(task, arm)
    fields = [json.loads(one) for one in tests["fields"]]
    turns = arm.examples.conversations(arm.template, tests) if arm.examples else map(arm.template.fill, fields)
    return [
        chat_request(
            said,
            address=arm.address,
            sampling=sampling,
            output=arm.output,
            tools=task.tools,
            own=row.get(conversation.REQUEST),
        )
        for said, row in zip(turns, fields, strict=True)
    ]


def asked_once(task: Task, arms: Sequence[Arm], tests: pl.DataFrame) -> dict[str, str]:
    """Arm → the arm before it that sends the same requests: they are sent, and paid for, once."""
    first, found = dict[tuple[str, ...], str](), dict[str, str]()
    for arm in arms:
        key = tuple(one.id for one in requests(task, arm, tests))
        if key and (before := first.setdefault(key, arm.name)) != arm.name:
            found[arm.name] = before
    return found


async def call(task: Task, arm: Arm, tests: pl.DataFrame, sender: Sender) -> Answers:
    """Every test row's answer, None where the endpoint would not give one."""
    wanted = requests(task, arm, tests)
    model = arm.asked(task)
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
