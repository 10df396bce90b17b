"""Sends the calls that judges are due, until every row has its verdicts or they are pending."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.curate.gates.judge.requests import JudgeCall, judge_spender, verdict_requests
from distill.similarity.graph import Graph
from distill.task.task import Task
from distill.teacher import schedule
from distill.teacher.send import Sender

if TYPE_CHECKING:
    from distill.records import Request
    from distill.teacher.endpoint.address import Model


@dataclass(frozen=True, slots=True)
class RequestsToJudge:
    """What one judge is due, and its name in the ledger."""

    spender: str
    model: Model
    requests: Sequence[Request]


async def send_at_once(sender: Sender, due: Mapping[int, RequestsToJudge], *, live: bool = False) -> set[int]:
    """Ask all judges at once; returns those that are unavailable, while the others go on. Any other fault is raised.

    `live` asks none of them by batch, whatever the spec says.
    """

    async def ask(one: RequestsToJudge) -> None:
        if live:
            await schedule.at_once(sender, one.requests, one.model, one.spender)
        else:
            await schedule.send(sender, one.requests, one.model, one.spender)

    results = await asyncio.gather(*(ask(one) for one in due.values()), return_exceptions=True)
    gone = set()
    for (judge, one), fault in zip(due.items(), results, strict=True):
        if fault is None:
            continue
        if not schedule.gone(fault):
            raise fault
        gone.add(judge)
        sender.watch.say(f"  {one.spender} is given up, its verdicts are pending: {fault}")
    return gone


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
        calls = {judge: list(dict.fromkeys(asked)) for judge, asked in due if asked}
        asked = {
            judge: RequestsToJudge(
                judge_spender(self.task, judge), self.task.judges[judge], verdict_requests(self.task, wanted)
            )
            for judge, wanted in calls.items()
        }
        try:
            self.unavailable |= await send_at_once(self.sender, asked, live=self.live)
        finally:
            for judge, wanted in calls.items():
                held = [self.sender.store.get(request.id) is not None for request in asked[judge].requests]
                self.failed.update(call for call, answered in zip(wanted, held, strict=True) if not answered)
        return sum(len(wanted) for wanted in calls.values())
