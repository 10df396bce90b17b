"""When to send again: pure functions of how an attempt ended.

rate limited   for ever, as the endpoint asks: limits never fail a row
overloaded, connection          up to `attempts` sends, then the row is left pending
timeout, broken, malformed      as above, and no more than `unknown` of them: each may have been billed
refused (this request, or its content)        never again
no access (key, money, model, address)        stops the whole run, see the runner

What ended how is read in reply/refusals.py.
"""

from __future__ import annotations

import random

from distill.records import Answer, Ended

BASE_S = 0.5
CAP_S = 60.0


def delay_s(answer: Answer, attempt: int, rng: random.Random) -> float:
    """Seconds to wait before attempt number `attempt + 1` (1-based): what the endpoint asks, else full jitter."""
    backoff = rng.uniform(0, min(CAP_S, BASE_S * 2.0 ** min(attempt, 10)))
    if answer.retry_after_s is not None:
        # A little later than asked, so that a hundred waiting calls do not all arrive at the same moment.
        return answer.retry_after_s + min(backoff, 1.0)
    return max(backoff, BASE_S) if answer.ended is Ended.RATE_LIMITED else backoff


def again(answer: Answer, failures: int, attempts: int, *, unknown: int = 0, most_unknown: int = 3) -> bool:
    """Whether to send again after `failures` ends that count (rate limits do not), `unknown` of them perhaps billed."""
    if answer.ended is Ended.RATE_LIMITED:
        return True
    return answer.ended.retryable and failures < attempts and unknown < most_unknown
