"""Pace: requests and tokens a minute, and the pause an endpoint asks for, shared by all its callers.

Requests a minute by asyncio-throttle: a true sliding window, behind a bounded pool because it polls.
Tokens a minute by a window of our own, since that one takes no weights: an estimate is reserved before a
send and corrected by what was used. All times are monotonic seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

from asyncio_throttle import Throttler  # type: ignore[attr-defined]  # the package exports it without saying so

WINDOW_S = 60.0


class Pace:
    """Call `turn` before each send; `pause` after a 429; `used` when the tokens are known."""

    def __init__(self, *, requests_per_minute: int | None = None, tokens_per_minute: int | None = None) -> None:
        self._throttle = Throttler(requests_per_minute, WINDOW_S, retry_interval=0.05) if requests_per_minute else None
        self._tokens_per_minute = tokens_per_minute
        self._window: deque[list[float]] = deque()
        self._not_before = 0.0
        self._order = asyncio.Lock()

    async def turn(self, tokens: int) -> list[float]:
        """Wait until a request of about `tokens` may be sent; returns the entry that `used` corrects."""
        async with self._order:
            while (wait := self._wait_s(tokens)) > 0:  # noqa: ASYNC110 - a pause may be lengthened while we sleep, so it is looked at again
                await asyncio.sleep(min(wait, 1.0))
            if self._throttle is not None:
                await self._throttle.acquire()
            entry = [time.monotonic(), float(tokens)]
            self._window.append(entry)
        return entry

    def used(self, entry: list[float], tokens: int) -> None:
        """Replace a reservation by the tokens the endpoint counted."""
        entry[1] = float(tokens)

    def pause(self, seconds: float) -> None:
        """Nobody sends for so long; the longest pause asked for wins."""
        self._not_before = max(self._not_before, time.monotonic() + seconds)

    def _wait_s(self, tokens: int) -> float:
        now = time.monotonic()
        while self._window and self._window[0][0] <= now - WINDOW_S:
            self._window.popleft()
        if self._not_before > now:
            return self._not_before - now
        limit = self._tokens_per_minute
        # A single request above the limit could never go; it goes alone instead.
        if limit is None or not self._window or sum(entry[1] for entry in self._window) + tokens <= limit:
            return 0.0
        return self._window[0][0] + WINDOW_S - now + 0.001
