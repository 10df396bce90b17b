"""How often a key may ask: so many requests in any minute. Told in the headers that clients of the public API read."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from distill.protocol.error import ApiError

WINDOW_S = 60.0
_ROUNDED_S = 1e-6
"""Whoever waits as long as told is let in, however the clock rounds."""


@dataclass(slots=True)
class Rates:
    """A sliding window for each key; keys are few, since only those that the host was given come here."""

    per_minute: int | None
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, deque[float]] = field(default_factory=dict)

    def take(self, key: str) -> dict[str, str]:
        """Count a request and return the headers for its answer; ApiError 429 where it is one too many."""
        if self.per_minute is None:
            return {}
        now, seen = self.clock(), self._seen.setdefault(key, deque())
        while seen and seen[0] <= now - WINDOW_S + _ROUNDED_S:
            seen.popleft()
        if len(seen) >= self.per_minute:
            raise _limited(self.per_minute, seen[0] + WINDOW_S - now)
        seen.append(now)
        return _headers(self.per_minute, self.per_minute - len(seen), seen[0] + WINDOW_S - now)


def _limited(limit: int, wait_s: float) -> ApiError:
    """429, with how long to wait."""
    told = f"Rate limit reached: {limit} requests per minute. Please try again in {wait_s:.3f}s."
    wait = {"retry-after": str(math.ceil(wait_s)), "retry-after-ms": str(math.ceil(wait_s * 1000))}
    return ApiError(told, status=429, code="rate_limit_exceeded", headers=_headers(limit, 0, wait_s) | wait)


def _headers(limit: int, left: int, reset_s: float) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(limit),
        "x-ratelimit-remaining-requests": str(left),
        "x-ratelimit-reset-requests": f"{reset_s:.3f}s",
    }
