"""What a hosted training costs: quoted before, held against the budget, and kept in the run's ledger.

Trained tokens are those of the training rows × epochs, counted by tiktoken, since only the host has the base's own
tokeniser; a tenth more is reserved.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from distill.errors import BudgetReached, UsageError
from distill.money import Budget
from distill.protocol.job_states import State
from distill.records import Ended, Json
from distill.spec.training import Train
from distill.student.hosts.host import PriceQuote, RemoteJob, Spending
from distill.student.preflight import hosts
from distill.teacher.store import training
from distill.teacher.store.store import Store
from distill.teacher.store.training import TrainingEnd
from distill.text import tokens

MARGIN = 1.1
"""What is reserved for each dollar of our own estimate: another tokeniser counts otherwise."""
_OWN = "student.train.train_price"


UNTOLD = (
    "no price is known for training at the host, so budget.usd cannot be enforced; give student.train.train_price in dollars "
    "per million trained tokens (0 for a server of your own), or take the budget out"
)


def price_of(train: Train, base_url: str | None) -> float | None:
    """Dollars a million trained tokens: the spec's, or what is known of the host at that address; None where nobody knows."""
    if train.train_price is not None:
        return train.train_price
    known = hosts.base_of(hosts.at(base_url), train.base)
    return known.usd if known else None


def tokens_of(lines: Iterable[bytes], model: str) -> int:
    """Tokens of chat JSONL, counted by tiktoken."""
    return sum(_counted(json.loads(line), model) for line in lines)


def _counted(row: Mapping[str, Json], model: str) -> int:
    """Of a chat, or of a preference pair, whose question goes with either answer."""
    if "input" not in row:
        return tokens.count_messages(row["messages"], model) + _tools(row, model)
    asked, answers = row["input"], (row["preferred_output"], row["non_preferred_output"])
    return sum(tokens.count_messages([*asked["messages"], *one], model) + _tools(asked, model) for one in answers)


def _tools(row: Mapping[str, Json], model: str) -> int:
    spelt = {"role": "system", "content": json.dumps(row["tools"])} if row.get("tools") else None
    return tokens.count_messages([spelt], model) if spelt else 0


def quoted(rows: int, epochs: int, price: float | None) -> PriceQuote:
    """Our own estimate, of the tokens of all rows; `price` is in dollars per million trained tokens."""
    return PriceQuote(rows * epochs, None if price is None else rows * epochs * price / 1e6, _OWN)


def most(quote: PriceQuote) -> float | None:
    """What is reserved for it."""
    return quote.usd if quote.usd is None or quote.by != _OWN else quote.usd * MARGIN


def quote_line(quote: PriceQuote, model: str) -> str:
    """The quote for a person."""
    usd = most(quote)
    price = f"at most ${usd:.4f} ({quote.by})" if usd is not None else f"at an unknown price (give {_OWN})"
    return f"training {model} on about {quote.tokens:,} tokens: {price}"


@dataclass(slots=True)
class TrainingCost:
    """The money of one job, `key`, in one run."""

    store: Store
    run: str
    key: str
    budget: Budget
    quote: PriceQuote
    price: float | None
    _reserved: float | None = None

    @property
    def spending(self) -> Spending:
        return Spending(self.check, self.begin)

    def check(self, quote: PriceQuote | None) -> None:
        """Raise before anything is paid where the budget does not cover it, or cannot be held at all. A price that only the host
        can tell is asked for once the files are there."""
        usd = most(quote or self.quote)
        if self.budget.limit is None or training.reserved(self.store.reader, self.run, self.key) is not None:
            return
        if usd is not None and not self.budget.fits(usd):
            raise BudgetReached(
                f"budget reached: ${self.budget.spent:.4f} of ${self.budget.limit:.4f} is spent, and training may cost "
                f"${usd:.4f}. No job was made. Raise budget.usd or --max-usd and run again: it goes on from here"
            )

    async def begin(self, quote: PriceQuote | None) -> None:
        """Reserve, and write the job into the ledger, before it is made."""
        usd = most(quote or self.quote)
        if usd is None and self.budget.limit is not None:
            raise UsageError(
                "the host gives no price for this job, so budget.usd cannot be held, and none was made; give "
                "student.train.train_price in dollars per million trained tokens, or take the budget out"
            )
        if training.reserved(self.store.reader, self.run, self.key) is None:
            self.check(quote)
            self.budget.reserve(usd or 0.0)
            self._reserved = usd or 0.0
        await training.begin(self.store, self.run, self.key, usd)

    async def end(self, found: TrainingEnd) -> None:
        """Settle it in the budget and in the ledger; nothing where this run did not make the job."""
        held = training.reserved(self.store.reader, self.run, self.key)
        if held is None:
            return
        if self._reserved is not None:
            self.budget.settle(self._reserved, found.usd or 0.0)
        else:  # made by a process that died: the budget began with its reservation as spent
            self.budget.correct(held, found.usd or 0.0)
        self._reserved = None
        await training.end(self.store, self.run, self.key, found)

    def end_of(self, job: RemoteJob) -> TrainingEnd:
        """What an ended job cost: by the host's word, else by its tokens, else nothing of a failed one and all of a cancelled one."""
        return end_of(job, self.price, training.reserved(self.store.reader, self.run, self.key))


def end_of(job: RemoteJob, price: float | None, held: float | None) -> TrainingEnd:
    """As `TrainingCost.end_of`; `held` is what is reserved for it."""
    ended = {State.COMPLETED: Ended.OK, State.CANCELLED: Ended.TIMEOUT}.get(job.state, Ended.REFUSED)
    if job.usd is not None:
        return TrainingEnd(ended, job.trained_tokens, job.usd, estimated=False, error=job.error)
    if job.trained_tokens is not None and price is not None:
        usd = job.trained_tokens * price / 1e6
        return TrainingEnd(ended, job.trained_tokens, usd, estimated=False, error=job.error)
    usd_held = 0.0 if ended is Ended.REFUSED else held
    known = ended is Ended.REFUSED or price is not None or bool(held)
    return TrainingEnd(ended, job.trained_tokens, usd_held if known else None, error=job.error)
