"""What a call costs, and the wall in front of the next one.

Prices: the spec's own, else zero for models that run here, else the table inside `genai-prices`.
Budget: `reserve` before a send, `settle` after; the sum of what is settled and what is reserved never
passes the limit, over teacher and evaluation together. Amounts are US dollars; inside the wall they are whole
units of a trillionth, because sums of fractions leave a rest that nobody has spent. Tokens are counted in ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from distill.errors import BudgetReached
from distill.records import Usage

LOCAL = ("embedded/", "student/", "scripted")
"""Models that run on this machine: electricity is not counted."""

TUNED = "ft:"
"""What a tuned model's name begins with at hosts that price it apart from its base."""

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


def shown(usd: float | None, unpriced: int = 0) -> str:
    """Dollars for a person; what nobody knows the price of is unknown, and never nothing."""
    if not unpriced:
        return "unknown" if usd is None else f"${usd:.4f}"
    calls = f"{unpriced:,} call{'s' if unpriced != 1 else ''}"
    return f"${usd:.4f} and {calls} at an unknown price" if usd else f"an unknown sum ({calls} at an unknown price)"


def known_usd(usd: float, unpriced: int) -> float | None:
    """Dollars for a script: None where all that was sent is of unknown price."""
    return None if unpriced and not usd else usd


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
        return lambda _usage: 0.0
    if model.startswith(TUNED):
        return None  # hosts charge more for a tuned model than for its base, by a factor of their own
    return functools.partial(_table_price, model, batch=batch) if _known(model) else None


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
    return float(calc_price(tokens, model, price_context=how).total_price)


_LOOK_S = 0.25
"""Between two looks whether the run is closing, while a call waits for room below the wall."""
_UNIT = 10**12
"""Units of a dollar: a token of the cheapest model is thousands of them."""


def _units(usd: float) -> int:
    return round(usd * _UNIT) if math.isfinite(usd) else _UNIT**2


class Budget:
    """A wall in dollars; `limit` None is no wall. `spent` starts at what the run's earlier attempts cost."""

    __slots__ = ("_limit", "_reserved", "_settled", "_spent", "limit")

    def __init__(self, limit: float | None = None, spent: float = 0.0) -> None:
        self.limit = limit
        self._limit = None if limit is None else _units(limit)
        self._spent, self._reserved = _units(spent), 0
        self._settled = asyncio.Event()

    @property
    def spent(self) -> float:
        """Dollars that were settled or booked."""
        return self._spent / _UNIT

    @property
    def reserved(self) -> float:
        """Dollars that calls in flight hold."""
        return self._reserved / _UNIT

    def fits(self, usd: float, *, caution: float = 1.0) -> bool:
        """Whether so much could be reserved now; with `caution`, also if all in flight came to so many times as much."""
        if self._limit is None:
            return True
        flying = self._reserved + _units(usd)
        return self._spent + (flying if caution == 1.0 else round(flying * caution)) <= self._limit

    async def reserve_in_turn(
        self, usd: float, *, caution: Callable[[], float] = lambda: 1.0, closing: Callable[[], bool] = lambda: False
    ) -> bool:
        """As `reserve`, but while calls are in flight that may settle for less, wait for them first.

        False, and nothing is reserved, where the run began to close meanwhile.
        """
        while not self.fits(usd, caution=caution()) and self._reserved:
            if closing():
                return False
            self._settled.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._settled.wait()
        self.reserve(usd)
        return True

    def reserve(self, usd: float) -> None:
        """Hold the most a call can cost; raises `BudgetReached` before anything is sent."""
        if not self.fits(usd):
            raise BudgetReached(
                f"budget reached: ${self.spent:.4f} spent and ${self.reserved:.4f} in flight of ${self.limit:.4f}; "
                f"the next call may cost ${usd:.4f}. Everything paid for is kept. "
                "Raise budget.usd or --max-usd and run again: it goes on from here."
            )
        self._reserved += _units(usd)

    def book(self, usd: float) -> None:
        """Reserve for a call that outlives this process: it counts as spent at its most until it is corrected."""
        self.reserve(usd)
        self.settle(usd, usd)

    def correct(self, booked: float, usd: float) -> None:
        """Replace what was booked by what it cost in the end."""
        self._spent += _units(usd) - _units(booked)
        self._settled.set()

    def settle(self, reserved: float, usd: float) -> None:
        """Replace a reservation by what the call cost in the end."""
        self._reserved = max(0, self._reserved - _units(reserved))
        self._spent += _units(usd)
        self._settled.set()
