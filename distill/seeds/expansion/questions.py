"""Candidates for new seeds: the question that makes each, and the one whether it could be a real input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.records import Json, Request
from distill.seeds.expansion import prompts
from distill.seeds.expansion.prompts import Candidate
from distill.task.task import Task
from distill.teacher import schedule
from distill.teacher.requests import chat_request
from distill.teacher.send import Sender
from distill.teacher.stored_answers import is_refused

MAKES, CHECKS = "expand", "expand check"
"""The spenders of the ledger."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What the seed generator is asked; `seeds` are the real ones to train on, by their ids, as rows of the seeds table."""

    task: Task
    seeds: Mapping[str, Mapping[str, Json]]

    def request(self, one: Candidate) -> Request:
        """The question that makes a candidate."""
        at, wanted = self.task.seed_generator, self.task.spec.seeds.expand
        turns = prompts.turns(
            one, [json.loads(self.seeds[seed]["fields"]) for seed in one.shown], labels=self.labels(one),
            about=wanted.about if wanted else {}, task=self.task.spec.about, variables=self.variables,
        )  # fmt: skip
        form = prompts.form(self.variables)
        return chat_request(turns, address=at.address, sampling=at.sampling, output=form, draw=one.number)

    def check(self, one: Candidate, fields: Mapping[str, Json]) -> Request:
        """The question whether it could be a real one."""
        at, wanted = self.task.seed_generator, self.task.spec.seeds.expand
        turns = prompts.doubt(
            fields, stratum=one.stratum, labels=self.labels(one), about=wanted.about if wanted else {},
            task=self.task.spec.about,
        )  # fmt: skip
        greedy = at.sampling.model_copy(update={"temperature": 0.0 if at.sampling.temperature is not None else None})
        return chat_request(turns, address=at.address, sampling=greedy, output=prompts.VERDICT)

    @property
    def variables(self) -> list[str]:
        """The names of an input's fields."""
        return list(json.loads(next(iter(self.seeds.values()))["fields"]))

    def labels(self, one: Candidate) -> dict[str, str]:
        """Those that it is made for: its parent's."""
        return dict(json.loads(self.seeds[one.parent]["labels"]))

    async def send(self, requests: Sequence[Request], sender: Sender, spender: str) -> None:
        """Ask for what may still be answered: what an endpoint will never take is not asked again."""
        open_ = [request for request in requests if not is_refused(sender.store, request)]
        await schedule.send(sender, open_, self.task.seed_generator, spender)
