"""What the rounds of one spender's batch jobs share: the host, the store, the budget, and what the last round left.

It is only data, with small methods that change its own fields. The rounds themselves are in round.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import InitVar, dataclass, field

from distill.money import Budget, Price, most_usd, price_of
from distill.records import Request, Usage
from distill.teacher.batch import journal
from distill.teacher.batch.capacity import Capacity
from distill.teacher.batch.files import local_files
from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.host.client import HostFault
from distill.teacher.batch.host.protocol import BatchService
from distill.teacher.batch.journal import BatchEntry
from distill.teacher.progress import Progress
from distill.teacher.requests import ceiling
from distill.teacher.store.rows import EndedRow
from distill.teacher.store.store import Store


@dataclass(slots=True, kw_only=True)
class BatchSession:
    """The batch jobs of one spender. `url` is the path that the rows are for, `endpoint` the requests' identity."""

    host: BatchService
    store: Store
    run: str
    spender: str
    endpoint: str
    model: str
    url: str
    budget: Budget
    price: Price | None
    limits: InitVar[BatchLimits]
    attempts: int = 6
    unknown: int = 3
    grace_s: float = 60.0
    lost_s: float = 3600.0
    file_s: float = 120.0
    keep_files: bool = False
    give_up_missing: bool = False
    """Whether rows that the host counts as done and does not give are booked as lost, and pending again."""
    claim: Callable[[str], AbstractContextManager[bool]] = lambda _run: nullcontext(True)
    """Holds another run while a batch of it is looked at; False where a process works on it."""
    unclaimed: Callable[[str], bool] = lambda _run: False
    """Whether nobody will ever go on with another run."""
    say: Callable[[str], None] = lambda _text: None
    progress: Progress = field(default_factory=Progress)
    waiting: int = 0
    """Rows of the last round that the host had no capacity for."""
    requests: Sequence[Request] = field(default=(), init=False)
    """Those of the last round."""
    capacity: Capacity = field(init=False)
    submitting: bool = field(default=True, init=False)
    """Whether this round makes batches."""
    stuck: dict[str, str] = field(default_factory=dict, init=False)
    """Batches that have ended and whose rows did not come, by key, with what was said of them."""
    cancelled: set[str] = field(default_factory=set, init=False)
    """Batches that the host was asked to end, by key."""
    _worst_usd: dict[Usage, float] = field(default_factory=dict, init=False)
    """The most that a usage can cost: in 50,000 rows there are some hundred."""
    _tidied: bool = field(default=False, init=False)
    _said: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self, limits: BatchLimits) -> None:
        self.capacity = Capacity(limits)

    @property
    def out(self) -> list[BatchEntry]:
        """Batches of this spender at this endpoint that are not collected."""
        mine = (self.spender, self.endpoint, self.host.by_file)
        return [one for one in journal.opened(self.store, self.run) if (one.spender, one.endpoint, one.by_file) == mine]

    def others(self) -> dict[BatchEntry, int]:
        """Batches of other runs that are out at this endpoint, with how many of our rows they hold; also those that hold none
        where nobody will go on with their run."""
        here = (self.endpoint, self.host.by_file)
        there = [
            one for one in journal.opened(self.store) if one.run != self.run and (one.endpoint, one.by_file) == here
        ]
        held = journal.holding(self.store, there, [request.id for request in self.requests])
        return {one: held.get(one.key, 0) for one in there if one.key in held or self.unclaimed(one.run)}

    def begin(self, requests: Sequence[Request], *, submitting: bool) -> None:
        """A round over these requests begins; the first one removes what a crash left of input files."""
        self.requests, self.submitting = requests, submitting
        if not self._tidied and local_files.folder(self.store).exists():
            self._tidied = True
            local_files.tidy(self.store)

    def count_waiting(self) -> None:
        """Bring the progress up to date at the end of a round."""
        self.progress.waiting = sum(batch.requests for batch in self.out) + sum(self.others().values())

    def is_news(self, batch: BatchEntry, status: str) -> bool:
        """Whether this status of a batch was not said yet; from now on it is."""
        news = self._said.get(batch.key) != status
        self._said[batch.key] = status
        return news

    def price_of(self, batch: BatchEntry) -> Price | None:
        """A batch of a model that the spec named before has its own price."""
        if batch.by_file or batch.model == self.model:
            return self.price
        return price_of(batch.model, batch=True) or self.price

    def worst(self, request: Request) -> tuple[int, float]:
        """(prompt tokens, dollars) of a row at the most."""
        most = ceiling(request)
        if self.price is None:
            return most.prompt_tokens, 0.0
        if most not in self._worst_usd:
            self._worst_usd[most] = most_usd(self.price, most)
        return most.prompt_tokens, self._worst_usd[most]

    async def settle(
        self, batch: BatchEntry, ended: Sequence[EndedRow], booked: Mapping[str, tuple[int, float]]
    ) -> None:
        """Commit, then count: what is counted is on the disk. What another run's batch cost stands in that run's account."""
        if not ended:
            return
        await self.store.settle_many(ended)
        if batch.run != self.run:
            return
        usd = math.fsum(answer.usd for _, _, answer in ended)
        self.budget.correct(math.fsum(booked[asked[0]][1] for _, asked, _ in ended), usd)
        self.progress.usd += usd
        self.progress.answered += sum(answer.ok for _, _, answer in ended)
        self.progress.prompt_tokens += sum(answer.usage.prompt_tokens for _, _, answer in ended)
        self.progress.completion_tokens += sum(answer.usage.completion_tokens for _, _, answer in ended)

    @contextmanager
    def patient(self, batch: BatchEntry) -> Iterator[None]:
        """A fault of the host in one batch is said and does not stop the round."""
        try:
            yield
        except HostFault as fault:
            self.say(f"  batch {batch.name}: {fault}; the next round tries again")
