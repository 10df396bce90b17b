"""One round of a night: recover what a crash left, look at what is out, collect what has ended, submit what is owed.

Any process can do a round at any time: all that must be remembered is in the book, written before the step at the host.
A row is in at most one open batch, and in none that is open is it ever sent live.

    made             the batch was certainly not created: abandoned, its rows are owed again       recovery.py
    uploaded         nor was it; its file serves for it now, where its rows are still asked for    uploads.py
    creating         perhaps it was: the host's batches are searched for our key and our file, and
                     one that is found is adopted; where there is none after `grace_s`, it is
                     abandoned                                                                     recovery.py
    submitted        looked at; collected once it has ended, however it ended                      collection.py

Rows may lie in a batch that another run made over the same store: it is collected in that run's name, where nobody works
on that run (`claim`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import InitVar, dataclass, field

from distill.errors import AccessRefused, DistillError, RowsOwed
from distill.money import Budget, Price
from distill.records import Answer, Request, Usage
from distill.teacher.batch import collect, files, journal, recover
from distill.teacher.batch import submit as submission
from distill.teacher.batch.capacity import Room
from distill.teacher.batch.host.client import Host, HostFault, NotThere
from distill.teacher.batch.input_file import Most
from distill.teacher.batch.journal import Batch
from distill.teacher.endpoint.job_states import State
from distill.teacher.progress import Tally
from distill.teacher.store.rows import Asked
from distill.teacher.store.store import Store

_WINDOW_S = 86400.0
"""What a host has for a batch."""


@dataclass(slots=True, kw_only=True)
class Night:
    """What the rounds of one spender share. `url` is the path that the rows are for, `endpoint` the requests' identity."""

    host: Host
    store: Store
    run: str
    spender: str
    endpoint: str
    model: str
    url: str
    budget: Budget
    price: Price | None
    most: InitVar[Most]
    attempts: int = 6
    unknown: int = 3
    grace_s: float = 60.0
    lost_s: float = 3600.0
    file_s: float = 120.0
    keep_files: bool = False
    give_up_missing: bool = False
    """Whether rows that the host counts as done and does not give are booked as lost, and owed again."""
    claim: Callable[[str], AbstractContextManager[bool]] = lambda _run: nullcontext(True)
    """Holds another run while a batch of it is looked at; False where a process works on it."""
    unclaimed: Callable[[str], bool] = lambda _run: False
    """Whether nobody will ever go on with another run."""
    say: Callable[[str], None] = lambda _text: None
    tally: Tally = field(default_factory=Tally)
    waiting: int = 0
    """Rows of the last round that no batch had room for."""
    requests: Sequence[Request] = field(default=(), init=False)
    """Those of the last round."""
    room: Room = field(init=False)
    submitting: bool = field(default=True, init=False)
    """Whether this round makes batches."""
    stuck: dict[str, str] = field(default_factory=dict, init=False)
    """Batches that have ended and whose rows did not come, by key, with what was said of them."""
    worst_usd: dict[Usage, float] = field(default_factory=dict, init=False)
    """The most that a usage can cost: in 50,000 rows there are some hundred."""
    _tidied: bool = field(default=False, init=False)
    _told: dict[str, str] = field(default_factory=dict, init=False)
    _cancelled: set[str] = field(default_factory=set, init=False)

    def __post_init__(self, most: Most) -> None:
        self.room = Room(most)

    @property
    def out(self) -> list[Batch]:
        """Batches of this spender at this endpoint that are not collected."""
        mine = (self.spender, self.endpoint)
        return [one for one in journal.opened(self.store, self.run) if (one.spender, one.endpoint) == mine]

    async def round(self, requests: Sequence[Request], *, submit: bool = True) -> None:
        """Recover, look, collect, submit. Faults of the host are said and left to the next round; `AccessRefused`,
        `BudgetReached` and batches that the host will never take are raised, after all that is out was looked at.
        """
        self.requests, self.submitting = requests, submit
        if not self._tidied and files.folder(self.store).exists():
            self._tidied = True
            files.tidy(self.store)
        fatal: DistillError | None = None
        for batch in [*self.out, *self.others()]:
            try:
                await self._visit(batch)
            except (AccessRefused, RowsOwed) as fault:
                fatal = fatal or fault
        if fatal is not None:
            raise fatal
        if submit:
            await submission.submit(self, requests)
        self.tally.waiting = sum(batch.requests for batch in self.out) + sum(self.others().values())

    def others(self) -> dict[Batch, int]:
        """Batches of other runs that are out at this endpoint, with how many of our rows they hold; also those that hold none
        where nobody will go on with their run."""
        there = [one for one in journal.opened(self.store) if one.run != self.run and one.endpoint == self.endpoint]
        held = journal.holding(self.store, there, [request.id for request in self.requests])
        return {one: held.get(one.key, 0) for one in there if one.key in held or self.unclaimed(one.run)}

    async def _visit(self, batch: Batch) -> None:
        """One batch: recovered where a crash left it half made, else looked at."""
        own = batch.run == self.run
        with nullcontext(True) if own else self.claim(batch.run) as ours, self._patient(batch):
            # Whoever worked on another run may have gone on since its batches were listed.
            now = batch if own else journal.reread(self.store, batch)
            if ours and now is not None:
                await (self._look(now) if now.state == "submitted" else recover.recover(self, now))

    async def cancel(self) -> None:
        """Ask the host to end every batch that is out; what it has answered by then is collected as always."""
        for batch in self.out:
            if batch.batch_id and batch.key not in self._cancelled:
                with self._patient(batch):
                    await self.host.cancel(batch.batch_id)
                    self._cancelled.add(batch.key)

    async def settle(
        self, batch: Batch, ended: Sequence[tuple[int, Asked, Answer]], booked: Mapping[str, tuple[int, float]]
    ) -> None:
        """Commit, then count: what is counted is on the disk. What another run's batch cost stands in that run's account."""
        if not ended:
            return
        await self.store.settle_many(ended)
        if batch.run != self.run:
            return
        usd = math.fsum(answer.usd for _, _, answer in ended)
        self.budget.correct(math.fsum(booked[asked[0]][1] for _, asked, _ in ended), usd)
        self.tally.usd += usd
        self.tally.answered += sum(answer.ok for _, _, answer in ended)
        self.tally.prompt_tokens += sum(answer.usage.prompt_tokens for _, _, answer in ended)
        self.tally.completion_tokens += sum(answer.usage.completion_tokens for _, _, answer in ended)

    async def _look(self, batch: Batch) -> None:
        try:
            look = await self.host.look(batch.batch_id or "")
        except NotThere:
            await recover.lost(self, batch)
            return
        if batch.error and batch.error.startswith(recover.NOT_FOUND):
            await journal.note(self.store, batch.key, error=None)
        over = look.state is State.UNKNOWN and journal.since_s(batch.submitted) > _WINDOW_S + self.lost_s
        if look.ended or over:
            await collect.collect(self, batch, look)
        elif self._told.get(batch.key) != look.status:
            self._told[batch.key] = look.status
            odd = " (unknown state, treated as running)" if look.state is State.UNKNOWN else ""
            self.say(f"  batch {batch.name}: {look.status}{odd}, {look.done:,} of {batch.requests:,} rows done")

    @contextmanager
    def _patient(self, batch: Batch) -> Iterator[None]:
        """A fault of the host in one batch is said and does not stop the round."""
        try:
            yield
        except HostFault as fault:
            self.say(f"  batch {batch.name}: {fault}; the next round tries again")
