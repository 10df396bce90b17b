"""What the probes ask, as requests: the general set of one model, and changed test inputs of the student."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from distill.evaluate.arms import Arm, call
from distill.evaluate.probes.asked.forgetting import TOKENS
from distill.evaluate.probes.asked.general_set import general_set
from distill.records import Json, Request
from distill.spec.teacher import Sampling
from distill.teacher import schedule
from distill.teacher.requests import chat_request

if TYPE_CHECKING:
    import polars as pl

    from distill.task.task import Task
    from distill.teacher.endpoint.address import Address
    from distill.teacher.send import Sender


def general_requests(task: Task, address: Address) -> list[Request]:
    """The general set for one model, greedily, but where a host's models may take no temperature and the spec sets none."""
    free = task.spec.teacher.sampling.temperature is None and address.dialect != "chat"
    sampling = Sampling(temperature=None if free else 0.0, max_tokens=TOKENS)
    return [
        chat_request([{"role": "user", "content": one.ask}], address=address, sampling=sampling)
        for one in general_set()
    ]


async def general_answers(task: Task, address: Address, sender: Sender, spender: str) -> list[str | None]:
    """The answers to the general set; None where the endpoint gave none. Raises RowsOwed when interrupted."""
    wanted = general_requests(task, address)
    await schedule.ask(sender, wanted, task.beside(address), spender)
    answers = [sender.store.get(one.id) for one in wanted]
    return [answer.said if answer is not None and answer.ok else None for answer in answers]


def input_name(task: Task, fields: Mapping[str, Json]) -> str | None:
    """The variable of the student's prompt that a row's text stands in: the one with the longest text; None where there is none."""
    texts = {
        name: len(value)
        for name in task.student_prompt.variables
        if name not in task.student_prompt.chats and isinstance(value := fields.get(name), str)
    }
    return max(texts, key=lambda name: (texts[name], name)) if texts else None


def changed_rows(task: Task, tests: pl.DataFrame, texts: Sequence[str]) -> pl.DataFrame:
    """The first of the test rows, each with another text as its input."""
    import polars as pl

    given = [json.loads(fields) for fields in tests["fields"][: len(texts)]]
    changed = [
        json.dumps({**fields, input_name(task, fields) or "": text}) for fields, text in zip(given, texts, strict=True)
    ]
    return pl.DataFrame({"seed_id": tests["seed_id"][: len(texts)], "fields": changed})


async def changed_answers(
    task: Task, student: Address, tests: pl.DataFrame, texts: Sequence[str], sender: Sender
) -> list[str | None]:
    """The student's answers to the first of the test rows, each with another text as its input."""
    frame = changed_rows(task, tests, texts)
    found = await call(task, Arm("probes student", student, task.student_prompt), frame, sender)
    return [answer.said if answer is not None and answer.ok else None for _, answer in found]
