"""The judges of a run at work: what curation finds unjudged is sent, until every row has its verdicts or they are owed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.curate.gates.judge import lookup
from distill.teacher import schedule

if TYPE_CHECKING:
    from distill.similarity.graph import Graph
    from distill.task.task import Task
    from distill.teacher.send import Sender


@dataclass(slots=True)
class Jury:
    """`gone` are the questions that came to no answer, `closed` the judges that are not there: this command asks neither again."""

    task: Task
    sender: Sender
    graph: Graph | None = None
    live: bool = False
    """Whether no judge is asked by batch, whatever the spec says."""
    rulings: Mapping[str, str] = field(default_factory=dict)
    """What a person decided, for curation."""
    gone: set[lookup.Case] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)

    async def send(self, unjudged: Sequence[lookup.Case]) -> int:
        """Ask each judge what it is due, all at the same time; returns how many questions that were.

        A judge that is gone leaves its rows owed, and the others go on. What else stops a run is raised.
        """
        due = [
            (n, [case for case in unjudged if case.judge == n and case not in self.gone])
            for n in range(len(self.task.judges))
            if n not in self.closed
        ]
        due = [(n, list(dict.fromkeys(cases))) for n, cases in due if cases]
        results = await asyncio.gather(*(self._ask(n, cases) for n, cases in due), return_exceptions=True)
        for (n, _), fault in zip(due, results, strict=True):
            if fault is None:
                continue
            if not schedule.gone(fault):
                raise fault
            self.closed.add(n)
            self.sender.watch.say(f"  {lookup.spender(self.task, n)} is given up, its verdicts are pending: {fault}")
        return sum(len(cases) for _, cases in due)

    async def _ask(self, n: int, cases: list[lookup.Case]) -> None:
        sender, one, wanted = self.sender, self.task.judges[n], lookup.requests(self.task, cases)
        name = lookup.spender(self.task, n)
        try:
            await (sender.live(wanted, one, name) if self.live else schedule.send(sender, wanted, one, name))
        finally:
            held = (sender.store.get(request.id) is not None for request in wanted)
            self.gone.update(case for case, there in zip(cases, held, strict=True) if not there)
