"""Sends the calls that judges are due, until every row has its verdicts or they are pending."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from distill.curate.gates.judge.requests import JudgeCall, judge_spender, verdict_requests
from distill.similarity.graph import Graph
from distill.task.task import Task
from distill.teacher import schedule
from distill.teacher.send import Sender


@dataclass(slots=True)
class JudgeCalls:
    """Calls to the judges of a task. This command repeats no call that `failed` and asks no judge that is `unavailable`."""

    task: Task
    sender: Sender
    graph: Graph | None = None
    live: bool = False
    """Whether no judge is asked by batch, whatever the spec says."""
    rulings: Mapping[str, str] = field(default_factory=dict)
    """What a person decided, for curation."""
    failed: set[JudgeCall] = field(default_factory=set)
    unavailable: set[int] = field(default_factory=set)

    async def send(self, unanswered: Sequence[JudgeCall]) -> int:
        """Ask all judges at once; returns the number of calls that were due.

        The rows of a judge that is unavailable stay pending, and the others go on. Any other fault is raised.
        """
        due = [
            (judge, [call for call in unanswered if call.judge == judge and call not in self.failed])
            for judge in range(len(self.task.judges))
            if judge not in self.unavailable
        ]
        due = [(judge, list(dict.fromkeys(calls))) for judge, calls in due if calls]
        results = await asyncio.gather(*(self._ask(judge, calls) for judge, calls in due), return_exceptions=True)
        for (judge, _), fault in zip(due, results, strict=True):
            if fault is None:
                continue
            if not schedule.gone(fault):
                raise fault
            self.unavailable.add(judge)
            name = judge_spender(self.task, judge)
            self.sender.watch.say(f"  {name} is given up, its verdicts are pending: {fault}")
        return sum(len(calls) for _, calls in due)

    async def _ask(self, judge: int, calls: list[JudgeCall]) -> None:
        sender, model, requests = self.sender, self.task.judges[judge], verdict_requests(self.task, calls)
        name = judge_spender(self.task, judge)
        try:
            await (sender.live(requests, model, name) if self.live else schedule.send(sender, requests, model, name))
        finally:
            held = [sender.store.get(request.id) is not None for request in requests]
            self.failed.update(call for call, answered in zip(calls, held, strict=True) if not answered)
