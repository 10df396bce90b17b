"""Which candidates become seeds: each that goes has its reason.

declined, unreadable        the generator gave no input              other_stratum   by rule it has other labels than its parent
repeated, near_test_row     near a seed, or a test row           implausible     a model takes it for no real input
no_answer, unscored         nothing that could be read came      pending         an answer may still come
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from distill.records import Request
from distill.seeds import load
from distill.seeds.expansion import inherit, prompts
from distill.seeds.expansion.prompts import STAGE, Candidate
from distill.seeds.expansion.questions import CHECKS, Questions
from distill.task.task import Task
from distill.teacher.send import Sender
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import PENDING, final_answer, is_refused, why_pending
from distill.text.normalise import storable

InputText = tuple[str, str]
"""(seed id, input)."""


class NewSeed(NamedTuple):
    """A candidate, what was asked for it, and the fields that came back."""

    candidate: Candidate
    request: Request
    fields: dict[str, str]


@dataclass(slots=True)
class CandidateFilter:
    """`tests` are the test rows; `drops` gathers what went, as rows of dropped.parquet."""

    questions: Questions
    tests: Sequence[InputText] = ()
    drops: list[inherit.Drop] = field(default_factory=list)

    @property
    def pending(self) -> int:
        """Candidates that may still be made, or checked, once their answer comes."""
        return sum(drop.reason == PENDING for drop in self.drops)

    @property
    def _task(self) -> Task:
        return self.questions.task

    def sifted(
        self, asked: Sequence[tuple[Candidate, Request]], store: Store, seeds: Sequence[InputText]
    ) -> list[NewSeed]:
        """Those that can be read, belong to their stratum by rule, and are near no seed and no test row."""
        found: list[NewSeed] = []
        raise_to, variables = self._task.seed_generator.sampling.raise_to, self.questions.variables
        for one, request in asked:
            _, answer = final_answer(store, request, raise_to)
            if answer is None or not answer.ok:
                self._unanswered(one, request, request, store)
            elif answer.declined:
                self._drop(one, request, "declined", answer.refusal[:200])
            elif isinstance(fields := prompts.read_candidate(answer.text, variables), str):
                self._drop(one, request, "unreadable", fields)
            else:
                found.append(NewSeed(one, request, fields))
        found = self._ruled(found)
        inputs = [load.input_of(new.fields) for new in found]
        dedup = self._task.spec.dedup
        apart = dedup.numbers == "apart"
        drops = prompts.repeats(inputs, seeds=seeds, tests=self.tests, near=dedup.near, numbers=apart) if inputs else {}
        for i, (reason, detail) in drops.items():
            self._drop(found[i].candidate, found[i].request, reason, detail)
        return [row for i, row in enumerate(found) if i not in drops]

    def _ruled(self, found: list[NewSeed]) -> list[NewSeed]:
        """Those for which the rules over their own variables give the labels that they were made for."""
        labels = [self.questions.labels(new.candidate) for new in found]
        other = inherit.misfits([new.fields for new in found], labels, self._task.spec.strata.rules)
        for i, detail in other.items():
            self._drop(found[i].candidate, found[i].request, "other_stratum", detail)
        return [row for i, row in enumerate(found) if i not in other]

    async def checked(self, found: list[NewSeed], sender: Sender) -> list[NewSeed]:
        """Those that a model takes for real ones; without a verdict that can be read, none is."""
        wanted = self._task.spec.seeds.expand
        if wanted is None or not wanted.plausible or not found:
            return found
        checks = [self.questions.check(new.candidate, new.fields) for new in found]
        await self.questions.send(checks, sender, CHECKS)
        stays = []
        for new, check in zip(found, checks, strict=True):
            _, answer = final_answer(sender.store, check, self._task.seed_generator.sampling.raise_to)
            whole = answer is not None and answer.ok and not answer.declined
            verdict = prompts.realistic(answer.text) if answer is not None and whole else None
            said = repr(load.input_of(new.fields)[:120])
            if verdict:
                stays.append(new)
            elif answer is None:
                self._unanswered(new.candidate, new.request, check, sender.store)
            elif verdict is None:
                self._drop(new.candidate, new.request, "unscored", f"no readable verdict on {said}")
            else:
                self._drop(
                    new.candidate,
                    new.request,
                    "implausible",
                    f"not a realistic input of {new.candidate.stratum}: {said}",
                )
        return stays

    def _unanswered(self, one: Candidate, request: Request, asked: Request, store: Store) -> None:
        """A candidate that awaits an answer to `asked`, or that the endpoint will never give one on."""
        reason = "no_answer" if is_refused(store, asked) else PENDING
        self._drop(one, request, reason, why_pending(store, asked.id))

    def _drop(self, one: Candidate, request: Request, reason: str, detail: str) -> None:
        said = f"{one.way} of {one.parent}: {detail}"
        self.drops.append(inherit.Drop(request.id[:16], request.id, one.stratum, STAGE, reason, storable(said)))
