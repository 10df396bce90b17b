"""The second step: what the old tune answers to the held-out rows, in the answer store as its task's teacher.

The run of the task begins here, so that its test rows are drawn once and what is paid counts in its budget. Afterwards the run goes
on though the tune is dark. Rows without a known answer are asked as well: the student learns from these answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from distill.adopt.host import access
from distill.errors import AccessRefused
from distill.evaluate.arms import Arm, call
from distill.money import Budget, known_usd
from distill.pipeline.run import work
from distill.plan import plan as planning
from distill.records import Ended
from distill.rundir import RunDir, read_parquet
from distill.task import event_loop, stores
from distill.task.interrupt import interruptible
from distill.task.task import Task
from distill.teacher.progress import Watcher
from distill.teacher.send import Sender

TEACHER = "teacher"


@dataclass(frozen=True, slots=True)
class AnswersPrice:
    """What the tune is still to be asked, and the most that it may cost; None where nobody knows its price."""

    requests: int
    in_store: int
    to_send: int
    usd_at_most: float | None

    def covered(self, max_usd: float | None) -> bool:
        """Whether it costs nothing, or no more than a person said."""
        most = self.usd_at_most
        return self.to_send == 0 or most == 0 or (most is not None and max_usd is not None and most <= max_usd)


@dataclass(frozen=True, slots=True)
class RecordedAnswers:
    """What the tune has answered of the test rows. `dark`: its host does not know it any more."""

    run: str
    rows: int
    answered: int
    refused: int
    sent: int
    usd: float | None
    dark: bool = False

    @property
    def whole(self) -> bool:
        """Whether no test row is left to ask."""
        return self.answered + self.refused == self.rows


def price_of(task: Task) -> AnswersPrice:
    """The price before anything is sent."""
    plan = planning.plan(task, pilot=0)
    asked = [one for one in plan.spenders if one.model == task.teacher.model]
    most = [one.cost.usd_at_most for one in asked]
    return AnswersPrice(
        sum(one.requests for one in asked), sum(one.in_store for one in asked), sum(one.to_send for one in asked),
        None if None in most else sum(usd for usd in most if usd is not None),
    )  # fmt: skip


async def record(task: Task, watch: Watcher) -> RecordedAnswers:
    """Ask what is not in the store yet; AccessRefused where the host refuses, but for a tune that it does not know any more."""
    try:
        return await _recorded(task, watch)
    except AccessRefused:
        if await _there(task):
            raise
        return RecordedAnswers("", 0, 0, 0, 0, None, dark=True)


recorded = event_loop.finished(record)
"""The same from a thread whose loop, if it has one, goes on."""


async def _recorded(task: Task, watch: Watcher) -> RecordedAnswers:
    begun = await work(task, stages=("generate",), watch=watch)
    folder = RunDir(task.home, task.spec.task, int(begun.folder.name))
    tests = read_parquet(folder / "seeds.parquet").filter(role="test")
    arm = Arm(TEACHER, task.teacher, task.teacher_prompt, task.output)
    with folder.lock(), stores.opened(task.home) as store:
        budget = Budget(task.spec.budget.usd, store.spent(folder.name))
        sender = Sender(store=store, run=folder.name, budget=budget, watch=watch)
        with interruptible(sender):
            found = [answer for _, answer in await call(task, arm, tests, sender)]
        spent, unpriced = store.spent(folder.name), store.unpriced(folder.name)
    refused = sum(answer is not None and answer.ended is Ended.REFUSED for answer in found)
    answered = sum(answer is not None and answer.ok for answer in found)
    sent = begun.requests_sent + sender.sends
    return RecordedAnswers(folder.name, len(found), answered, refused, sent, known_usd(spent, unpriced))


async def _there(task: Task) -> bool:
    """Whether the host still knows the tune; it is taken to where the host refuses to tell."""
    async with access.opened(task.teacher) as client:
        try:
            return (await access.look_up(client, task.teacher.model)).there
        except PermissionError:
            return True
