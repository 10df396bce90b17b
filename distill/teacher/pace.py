"""Pace: what one model of one endpoint takes, shared by all that ask it.

    requests a minute   asyncio-throttle: a true sliding window; one caller at a time waits in it, because it polls
    tokens a minute     a sliding window of our own, since that one takes no weights: an estimate is reserved before a
                        send and corrected by what was used
    in flight           additive increase, and one multiplicative cut a burst of 429s
    patience            after a 429 nobody sends until the endpoint's Retry-After is over

Limits that the spec leaves open are learnt from the `x-ratelimit-*` headers of the first answer, which is waited for
before the others go. All times are monotonic seconds.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from asyncio_throttle import Throttler  # type: ignore[attr-defined]  # the package exports it without saying so

from distill.records import Answer

WINDOW_S = 60.0
_SLICE_S = 0.25
"""Longest sleep before looking again: a pause may have grown, or the run may have been told to stop."""
_MARGIN_S = 0.02
"""Our window is this much longer than the endpoint's, for the way there takes time."""


def live_rate(
    seen: Sequence[Answer], *, in_flight: int, requests_per_minute: int | None, tokens_per_minute: int | None
) -> float:
    """Live answers a second: what latency allows by the answers so far (a batch tells none), within the endpoint's limits.
    Infinite where nothing says how long it takes.
    """
    timed = [answer.latency_s for answer in seen if answer.latency_s > 0]
    rates = [in_flight / statistics.fmean(timed) if timed else math.inf]
    if requests_per_minute:
        rates.append(requests_per_minute / 60)
    if tokens_per_minute and seen:
        each = statistics.fmean(answer.usage.prompt_tokens + answer.usage.completion_tokens for answer in seen)
        rates.append(tokens_per_minute / 60 / max(1.0, each))
    return min(rates)


@dataclass(slots=True)
class Waiting:
    """One permission to send; `tokens` are reserved until `Pace.done` says what was used."""

    sent_at: float
    tokens: float
    counted: bool


class Pace:
    """`turn` before each send, `done` after it has ended."""

    def __init__(
        self,
        *,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        in_flight: int = 1_000_000,
    ) -> None:
        self.most_in_flight = in_flight
        self._given = (requests_per_minute is not None, tokens_per_minute is not None)
        self._learning = not all(self._given)
        self.level = 1.0 if self._learning else float(in_flight)
        """How many may be in flight now; between 1 and `most_in_flight`."""
        self.out = 0
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self._throttle = _throttle(requests_per_minute)
        self._unthrottled = 0
        self._window: deque[Waiting] = deque()
        self._reserved = 0.0
        self._not_before = 0.0
        self._cut_at = 0.0
        self._climb_to = float(in_flight)
        self._worked = True
        self._order = asyncio.Lock()
        self._room = asyncio.Event()

    @property
    def pause_s(self) -> float:
        """Seconds until the endpoint's patience is over; 0 when it is."""
        return max(0.0, self._not_before - time.monotonic())

    def free(self, tokens: int) -> bool:
        """Whether `turn` would come at once for a request of about `tokens`; the throttle is asked for its list, since it tells no count."""
        if self._wait_s(tokens) > 0 or self.out >= int(self.level):
            return False
        throttle = self._throttle
        if throttle is None:
            return True
        throttle.flush()
        return len(throttle._task_logs) + self._unthrottled < throttle.rate_limit

    def restart(self) -> None:
        """Begin with one call in flight, and climb from there: the endpoint was gone, and may come up slowly."""
        self.level = 1.0

    async def turn(self, tokens: int, closing: Callable[[], bool] = lambda: False) -> Waiting | None:
        """Wait, first come first served, until a request of about `tokens` may be sent; None if the run is closing."""
        async with self._order:
            while (wait := self._wait_s(tokens)) > 0 or self.out >= int(self.level):
                if closing():
                    return None
                await self._until_room() if wait <= 0 else await asyncio.sleep(min(wait, _SLICE_S))
            if self._throttle is not None:
                for _ in range(1 + self._unthrottled):  # the call that learnt the limit counts too
                    await self._throttle.acquire()
                self._unthrottled = 0
            if closing():
                return None
            turn = Waiting(time.monotonic(), float(tokens), counted=self.tokens_per_minute is not None)
            self.out += 1
            if turn.counted:
                self._window.append(turn)
                self._reserved += tokens
        return turn

    def done(
        self,
        turn: Waiting,
        *,
        tokens: int,
        limited: bool = False,
        wait_s: float = 0.0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Give the turn back: `tokens` were used; `limited` is a 429 that asked for `wait_s` of patience."""
        self.out -= 1
        if turn.counted:
            self._reserved += tokens - turn.tokens
        turn.tokens = float(tokens)
        if headers:
            self._learn(headers)
        if self._learning:
            self._learning, self.level = False, float(self.most_in_flight)
            if self.tokens_per_minute is not None and not turn.counted:
                turn.counted = True
                self._window.append(turn)
                self._reserved += tokens
        if limited:
            self._not_before = max(self._not_before, time.monotonic() + wait_s)
            self._cut(turn.sent_at)
        else:
            self._worked = True
            step = 1.0 if self.level < self._climb_to else 1.0 / self.level
            self.level = min(float(self.most_in_flight), self.level + step)
        self._room.set()

    def _cut(self, sent_at: float) -> None:
        """Halve once a burst: what was sent before the last cut says nothing new."""
        if sent_at <= self._cut_at:
            return
        if self._worked:  # afterwards the level climbs fast to nearly where it worked, and slowly from there
            self._climb_to, self._worked = max(1.0, self.level * 0.9), False
        self.level = max(1.0, self.level / 2)
        self._cut_at = time.monotonic()

    async def _until_room(self) -> None:
        self._room.clear()
        try:
            async with asyncio.timeout(_SLICE_S):
                await self._room.wait()
        except TimeoutError:
            return

    def _wait_s(self, tokens: int) -> float:
        now = time.monotonic()
        if self._not_before > now:
            return self._not_before - now
        limit = self.tokens_per_minute
        if limit is None:
            return 0.0
        while self._window and self._window[0].sent_at <= now - WINDOW_S - _MARGIN_S:
            self._reserved -= self._window.popleft().tokens
        # A single request above the limit could never go; it goes alone instead.
        if not self._window or self._reserved + tokens <= limit:
            return 0.0
        return self._window[0].sent_at + WINDOW_S + _MARGIN_S - now

    def _learn(self, headers: Mapping[str, str]) -> None:
        """Limits that the spec left open. What remains is not followed: its reset times mean different things."""
        requests, tokens = (_whole(headers.get(f"x-ratelimit-limit-{what}")) for what in ("requests", "tokens"))
        if requests and not self._given[0] and requests != self.requests_per_minute:
            self.requests_per_minute = requests
            if self._throttle is None:
                self._throttle = _throttle(requests)
                self._unthrottled = 1
            else:
                self._throttle.rate_limit = requests
        if tokens and not self._given[1]:
            self.tokens_per_minute = tokens


def _throttle(requests_per_minute: int | None) -> Throttler | None:
    return Throttler(requests_per_minute, WINDOW_S + _MARGIN_S, retry_interval=0.02) if requests_per_minute else None


def _whole(text: str | None) -> int | None:
    """A header's count; None for anything else, a digit of another script ("²") and a thousand of them too."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 13 and int(text) else None
