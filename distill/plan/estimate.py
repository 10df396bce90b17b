"""What one spender's requests may cost and how long they may take: by the answers so far, or else by the spec's ceilings."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from distill.money import Price, most_usd
from distill.records import Answer, Json, Request, Usage
from distill.teacher.counts import TokenCounts, learnt, stored_usage
from distill.teacher.endpoint.address import Model
from distill.teacher.engines import llama_cpp
from distill.teacher.pace import live_rate
from distill.teacher.requests import ceiling
from distill.teacher.store.store import Store
from distill.text import tokens

_FEWEST = 3
"""Answers from which a spread can be told."""
WINDOW_S = 86400
"""What hosts give themselves for a batch."""


@dataclass(frozen=True, slots=True)
class Spender:
    """Who asks what of whom."""

    name: str
    requests: Sequence[Request]
    at: Model
    share: float = 1.0
    """Of the requests, how many are expected to be needed."""
    to_come: int = 0
    """Prompt tokens of answers that are not known yet, for whoever is asked about them."""
    stand_ins: Sequence[Request] = ()
    """Further questions, of texts that are not there yet: the store holds no answer to them, whatever stands in for them."""
    only: str = ""
    """Of what they are asked, where they may never be needed."""
    fallback: int = 0
    """How many teachers stand before it: it gets only the rows that they fail."""

    def behind(self, failing: float) -> Spender:
        """The same with its share, where each teacher before it fails that share of the rows."""
        return dataclasses.replace(self, share=failing**self.fallback)


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What an endpoint allows, as far as it has said so."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars and seconds; what nobody knows is None. Low and high are a 95 % interval around what is expected."""

    usd_at_most: float | None
    usd_expected: float | None = None
    usd_low: float | None = None
    usd_high: float | None = None
    seconds_expected: float | None = None
    seconds_at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """What a spender would cost if all were sent live, or all by batch."""

    live: Cost
    batch: Cost


@dataclass(frozen=True, slots=True)
class Measured:
    """Tokens of the answers so far: median and 95th percentile."""

    measured_on: int
    prompt_tokens_p50_p95: tuple[int, int]
    completion_tokens_p50_p95: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SpenderEstimate:
    """A spender's row of the plan."""

    spender: str
    model: str
    mode: str
    requests: int
    in_store: int
    to_send: int
    share_expected: float
    prompt_tokens: int
    completion_tokens_at_most: int
    cost: Cost
    ways: Ways | None
    """None where nothing can go by batch."""
    measured: Measured | None
    """None where too few answers are there."""
    warnings: Sequence[str] = ()
    only: str = ""
    endpoints: int = 1
    """How many endpoints a list names: calls are spread over them."""

    def as_json(self) -> dict[str, Json]:
        row: dict[str, Json] = dataclasses.asdict(self)
        cost, measured = row.pop("cost"), row.pop("measured") or {}
        return {**row, **cost, **measured}


def estimate(spender: Spender, store: Store, limits: RateLimits | None) -> SpenderEstimate:
    """What a spender's requests may cost; those that the store holds an answer to cost nothing."""
    at, answers = spender.at, [store.get(request.id) for request in spender.requests]
    both = list(zip(spender.requests, answers, strict=True))
    missing = [*(request for request, answer in both if answer is None), *spender.stand_ins]
    seen = [answer for answer in answers if answer is not None]
    counts = learnt(TokenCounts(), ((request, answer.usage) for request, answer in both if answer is not None))
    learnt(counts, stored_usage(store, at.address.identity, at.address.model))
    ceilings, to_send = _ceilings(spender, missing, counts), len(missing) * spender.share
    live, batch = (_dollars(price, seen, to_send, ceilings) for price in (at.address.price, at.address.batch_price))
    timed = None if at.address.by_file else _seconds(seen, to_send, at, limits or RateLimits())
    live = dataclasses.replace(live, seconds_expected=timed)
    batch = dataclasses.replace(batch, seconds_at_most=WINDOW_S)
    mode = "live" if at.address.local else at.mode
    by_batch = mode in ("batch", "auto")
    chosen = _by_batch(mode, live, batch) if by_batch else live
    return SpenderEstimate(
        spender.name, at.address.model, mode,
        requests=len(both) + len(spender.stand_ins), in_store=len(seen), to_send=len(missing), share_expected=spender.share,
        prompt_tokens=spender.to_come + sum(tokens.count_messages(one.turns, at.address.model) for one in missing),
        completion_tokens_at_most=ceilings.completion_tokens,
        cost=_uncertain(chosen, spender.share) if spender.only else chosen,
        ways=Ways(live, batch) if by_batch else None, measured=_measured(seen), warnings=counts.warnings, only=spender.only,
        endpoints=max(1, len(at.address.listed)),
    )  # fmt: skip


def total(costs: Sequence[Cost]) -> Cost:
    """The sum; None for what one of them has no figure of."""
    return Cost(*(_sum([getattr(cost, field.name) for cost in costs]) for field in dataclasses.fields(Cost)))


def _ceilings(spender: Spender, missing: Sequence[Request], counts: TokenCounts) -> Usage:
    """The most tokens that can be billed, as they are reserved before a send: in the endpoint's own count."""
    each = [counts.theirs(ceiling(request)) for request in missing]
    to_come = counts.theirs(Usage(spender.to_come, 0)).prompt_tokens
    prompt = to_come + sum(one.prompt_tokens for one in each)
    return Usage(prompt, sum(one.completion_tokens for one in each), measured=False)


def _by_batch(mode: str, live: Cost, batch: Cost) -> Cost:
    """In `auto` all that no batch finishes goes live, so only the live ceiling is sure."""
    return dataclasses.replace(batch, usd_at_most=live.usd_at_most) if mode == "auto" else batch


def _uncertain(cost: Cost, share: float) -> Cost:
    """Nothing is measured of rows that are not there: between nothing and the ceiling."""
    most = cost.usd_at_most
    return cost if most is None else dataclasses.replace(cost, usd_expected=share * most, usd_low=0.0, usd_high=most)


def _dollars(price: Price | None, seen: Sequence[Answer], to_send: float, ceilings: Usage) -> Cost:
    """The ceiling, and where there are answers to go by what is expected."""
    if price is None:
        return Cost(None)
    most = most_usd(price, ceilings)
    if len(seen) < _FEWEST:
        return Cost(most)
    mean, half = _mean([price(answer.usage) for answer in seen])
    # Rows to come may be more expensive than those so far: the ceiling is the most expensive reading, and no interval passes it.
    most = max(most, mean * to_send)
    low, high = max(0.0, mean - half), min(mean + half, most / to_send if to_send else math.inf)
    return Cost(most, mean * to_send, low * to_send, high * to_send)


def _measured(seen: Sequence[Answer]) -> Measured | None:
    if len(seen) < _FEWEST:
        return None
    return Measured(
        len(seen),
        _quantiles([answer.usage.prompt_tokens for answer in seen]),
        _quantiles([answer.usage.completion_tokens for answer in seen]),
    )


def _seconds(seen: Sequence[Answer], to_send: float, at: Model, limits: RateLimits) -> float | None:
    """How long live calls take, by the answers so far and what the endpoint allows."""
    if len(seen) < _FEWEST:
        return None
    rate = live_rate(
        seen,
        in_flight=_side_by_side(at),
        requests_per_minute=limits.requests_per_minute,
        tokens_per_minute=limits.tokens_per_minute,
    )
    return round(to_send / rate, 1)


def _side_by_side(at: Model) -> int:
    """Calls that are computed at once: the embedded model's by a server on each core, other models of this machine one by one."""
    if not at.address.local:
        return at.in_flight
    return min(at.in_flight, llama_cpp.threads()) if at.address.weights is None else 1


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half of its 95 % interval, by Student's t."""
    from scipy.special import stdtrit  # as scipy.stats has it, whose import takes a second

    error = statistics.stdev(values) / math.sqrt(len(values))
    return statistics.fmean(values), float(stdtrit(len(values) - 1, 0.975)) * error


def _quantiles(values: Sequence[int]) -> tuple[int, int]:
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return round(statistics.median(values)), round(cuts[-1])


def _sum(values: Sequence[float | None]) -> float | None:
    return None if None in values else sum(value for value in values if value is not None)
