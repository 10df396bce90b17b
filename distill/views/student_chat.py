"""A run's student and its base, asked by hand: the same question to both, as the comparison asks it.

Nothing is kept: answers go past the store, and no file of the run is written.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import polars as pl

from distill.chat.templates import Template
from distill.errors import UsageError
from distill.evaluate.arms import Arm, requests
from distill.records import Json, Seed
from distill.rundir import RunDir, read_parquet
from distill.seeds.approved import as_answer
from distill.seeds.load import input_of
from distill.student.linear import Classifier
from distill.student.stage import linear_student, student_of
from distill.task.task import Task
from distill.teacher import ModelClient
from distill.teacher.endpoint import address as addresses
from distill.teacher.endpoint.address import Address
from distill.values import rules


@dataclass(frozen=True, slots=True)
class Reply:
    """What one of them said, and the seconds that it took; `error` is why it said nothing, `usd` what a host takes for it."""

    text: str
    seconds: float
    error: str = ""
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class HeldOutRow:
    """A test row: what its question is filled with, and its known answer, None where it has none."""

    seed_id: str
    fields: Mapping[str, Json]
    known: Json


@dataclass(slots=True)
class StudentChat:
    """Those who answer. `system` is a text in place of the prompt's own; `history` holds the turns of each, where the prompt takes a
    conversation.
    """

    task: Task
    clients: Mapping[str, tuple[Address, ModelClient]]
    linear: Classifier | None = None
    notes: Sequence[str] = ()
    system: str | None = None
    history: dict[str, list[dict[str, Json]]] = field(default_factory=dict)

    @property
    def slots(self) -> list[str]:
        """The names of what a question fills in."""
        return self.task.student_prompt.variables

    async def ask(self, fields: Mapping[str, Json]) -> dict[str, Reply]:
        """The reply of each, in order: the student first. A text for a slot that takes a conversation is its next turn."""
        found = {}
        for name, (address, client) in self.clients.items():
            given = self._continued(name, fields)
            reply = await self._asked(name, address, client, given)
            if not reply.error:
                self._remember(name, given, reply)
            found[name] = reply
        return found if self.linear is None else {"student": self._by_linear(self.linear, fields)}

    def reset(self) -> None:
        """Forget what was said, and take the prompt's own system text again."""
        self.system = None
        self.history.clear()

    @property
    def prompt(self) -> Template:
        """The student's prompt, with the system text that was given."""
        prompt = self.task.student_prompt
        if self.system is None:
            return prompt
        others = tuple(turn for turn in prompt.turns if turn[0] != "system")
        return replace(prompt, turns=(("system", self.system), *others))

    async def _asked(self, name: str, address: Address, client: ModelClient, fields: Mapping[str, Json]) -> Reply:
        row = pl.DataFrame({"fields": [json.dumps(fields)]})
        try:
            request = requests(self.task, Arm(name, address, self.prompt), row)[0]
        except ValueError as fault:
            return Reply("", 0.0, str(fault))
        began = time.monotonic()
        answer = await client.answer(request)
        took = round(time.monotonic() - began, 3)
        if not answer.ok:
            return Reply("", took, answer.error or str(answer.ended))
        return Reply(answer.said, took, usd=None if address.local or address.price is None else answer.usd)

    def _by_linear(self, model: Classifier, fields: Mapping[str, Json]) -> Reply:
        began = time.monotonic()
        found = model.predict([input_of(Seed(fields).fields)])[0]
        text = as_answer(found.answer, fields=rules.names(self.task.output))[0]
        return Reply(text, round(time.monotonic() - began, 3))

    def _continued(self, name: str, fields: Mapping[str, Json]) -> dict[str, Json]:
        """The fields with a text of a conversation's slot as the next turn of it."""
        chats = self.task.student_prompt.chats
        before = self.history.get(name, [])
        return {
            slot: [*before, {"role": "user", "content": value}] if slot in chats and isinstance(value, str) else value
            for slot, value in fields.items()
        }

    def _remember(self, name: str, given: Mapping[str, Json], reply: Reply) -> None:
        for slot in self.task.student_prompt.chats:
            if isinstance(given.get(slot), list):
                self.history[name] = [*given[slot], {"role": "assistant", "content": reply.text}]


@asynccontextmanager
async def opened(task: Task, folder: RunDir, *, base: bool) -> AsyncIterator[StudentChat]:
    """The student, and with `base` its base, started or reached; UsageError where the run has no student. A base that cannot be had is
    a note.
    """
    if (model := linear_student(task, folder)) is not None:
        yield StudentChat(task, {}, model, ["a linear model has no base"] if base else [])
        return
    student = student_of(task, folder)
    if student is None:
        why = (
            "nothing is trained (student.train.with: none)"
            if task.spec.student.train.with_ == "none"
            else "it is not trained yet"
        )
        raise UsageError(f"{folder.name} has no student to talk to: {why}; `distill train {folder.task}` trains one")
    clients, notes = {}, []
    async with AsyncExitStack() as stack:
        clients["student"] = (student, await stack.enter_async_context(addresses.opened(student)))
        if base:
            try:
                clients["base"] = (task.base, await stack.enter_async_context(addresses.opened(task.base)))
            except UsageError as fault:
                notes.append(f"the base is left out: {fault}")
        if not student.local:
            notes.append(f"each answer of {student.shown} is paid for at its price, beyond any budget")
        yield StudentChat(task, clients, None, notes)


def held_out_row(folder: RunDir, named: str) -> HeldOutRow:
    """A test row by its seed id, the beginning of it, or the id that its own file gives it; UsageError where it is none."""
    tests = read_parquet(folder / "seeds.parquet").filter(role="test")
    own = tests["own_id"] if "own_id" in tests.columns else pl.Series([None] * tests.height, dtype=pl.String)
    fits = (
        tests.filter(tests["seed_id"].str.starts_with(named) | (own == named).fill_null(value=False))
        if named
        else tests.clear()
    )
    if fits.height != 1:
        some = ", ".join(tests["seed_id"].head(3))
        count = f"{fits.height} test rows begin with" if fits.height else "no test row is"
        raise UsageError(
            f"{count} {named[:40]!r}; give a seed id, say one of {some}" if some else "the run has no test rows"
        )
    seed, fields, gold = fits.select("seed_id", "fields", "gold").row(0)
    return HeldOutRow(seed, json.loads(fields), json.loads(gold) if gold else None)
