"""What a call costs, and the wall in front of the next one.

Prices: the spec's own, else zero for models that run here, else the table inside `genai-prices`.
Budget: `reserve` before a send, `settle` after; the sum of what is settled and what is reserved never
passes the limit, over teacher and evaluation together. Amounts are US dollars; tokens are counted in ones.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from distill.errors import BudgetReached
from distill.records import Usage

LOCAL = ("embedded/", "student/", "scripted")
"""Models that run on this machine: electricity is not counted."""

Price = Callable[[Usage], float]
"""Dollars of one call's usage."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Dollars a million tokens, as a spec gives them for a model the table lacks."""

    input: float
    output: float
    cached_input: float | None = None
    reasoning: float | None = None
    batch: float = 0.5
    """Share of the price that a row of a batch costs."""

    def usd(self, usage: Usage) -> float:
        cached = self.input if self.cached_input is None else self.cached_input
        thought = self.output if self.reasoning is None else self.reasoning
        fresh, said = usage.prompt_tokens - usage.cached_tokens, usage.completion_tokens - usage.reasoning_tokens
        paid = fresh * self.input + usage.cached_tokens * cached + said * self.output + usage.reasoning_tokens * thought
        return paid / 1e6

    def batch_usd(self, usage: Usage) -> float:
        """The same for a row of a batch."""
        return self.usd(usage) * self.batch


def most_usd(price: Price, usage: Usage) -> float:
    """The most that so many tokens can cost, whatever kind they turn out to be: what is reserved before a send."""
    whole = usage.prompt_tokens
    kinds = (usage, replace(usage, cache_write_tokens=whole), replace(usage, cached_tokens=whole))
    return max(
        price(replace(one, reasoning_tokens=thought)) for one in kinds for thought in (0, usage.completion_tokens)
    )


def price_of(model: str, rate: Rate | None = None, *, batch: bool = False) -> Price | None:
    """The price function of a model, or None where no table knows it: the caller decides if that stops the run."""
    if rate is not None:
        return rate.batch_usd if batch else rate.usd
    if model.startswith(LOCAL):
        return _free
    return functools.partial(_table_price, model, batch=batch) if _known(model) else None


def _free(_usage: Usage) -> float:
    return 0.0


@functools.cache
def _known(model: str) -> bool:
    try:
        _table_price(model, Usage(1, 1))
    except LookupError:
        return False
    return True


@functools.lru_cache(maxsize=8192)  # the table takes 80 µs a look, and counts come again
def _table_price(model: str, usage: Usage, *, batch: bool = False) -> float:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    tokens = Tokens(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    how = {"processing": "batch"} if batch else None
    return float(calc_price(tokens, model.removeprefix("ft:").split(":")[0], price_context=how).total_price)


@dataclass(slots=True)
class Budget:
    """A wall in dollars; `limit` None is no wall. `spent` starts at what the run's earlier attempts cost."""

    limit: float | None = None
    spent: float = 0.0
    _reserved: float = field(default=0.0, init=False)
    _settled: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def fits(self, usd: float) -> bool:
        """Whether so much could be reserved now."""
        return self.limit is None or self.spent + self._reserved + usd <= self.limit + 1e-12

    async def reserve_in_turn(self, usd: float) -> None:
        """As `reserve`, but while calls are in flight that may settle for less, wait for them first."""
        while not self.fits(usd) and self._reserved > 1e-12:
            self._settled.clear()
            await self._settled.wait()
        self.reserve(usd)

    def reserve(self, usd: float) -> None:
        """Hold the most a call can cost; raises `BudgetReached` before anything is sent."""
        if not self.fits(usd):
            raise BudgetReached(
                f"budget reached: ${self.spent:.4f} spent and ${self._reserved:.4f} in flight of ${self.limit:.4f}; "
                f"the next call may cost ${usd:.4f}. Everything paid for is kept. "
                "Raise budget.usd or --max-usd and run again: it goes on from here."
            )
        self._reserved += usd

    def book(self, usd: float) -> None:
        """Reserve for a call that outlives this process: it counts as spent at its most until it is corrected."""
        self.reserve(usd)
        self.settle(usd, usd)

    def correct(self, booked: float, usd: float) -> None:
        """Replace what was booked by what it cost in the end."""
        self.spent += usd - booked
        self._settled.set()

    def settle(self, reserved: float, usd: float) -> None:
        """Replace a reservation by what the call cost in the end."""
        self._reserved = max(0.0, self._reserved - reserved)
        self.spent += usd
        self._settled.set()
