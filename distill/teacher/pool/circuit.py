"""Whether an endpoint is asked: living, or left out until it is tried again with a single call.

    down       nothing could be sent, or three calls in a row failed    tried again after 1 s, 2 s, 4 s … 60 s
    slow       it has slowed, and the others have not                   after 5 s, 10 s … 60 s
    refusing   it takes no key, model or address                        after 60 s, 120 s … 10 min

Rate limits are no failure: the endpoint's own pace waits for them. All times are monotonic seconds, given by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from distill.records import Answer, Ended

IN_A_ROW = 3
"""Failed calls without an answer between them, after which an endpoint is down."""
_FAILURES = frozenset({Ended.OVERLOADED, Ended.TIMEOUT, Ended.BROKEN, Ended.MALFORMED})


class Health(StrEnum):
    """How an endpoint is."""

    LIVING = "living"
    DOWN = "down"
    SLOW = "slow"
    REFUSING = "refusing"


_FIRST_AND_MOST_S = {Health.DOWN: (1.0, 60.0), Health.SLOW: (5.0, 60.0), Health.REFUSING: (60.0, 600.0)}


@dataclass(slots=True)
class Circuit:
    """What is known of one endpoint's health."""

    health: Health = Health.LIVING
    why: str = ""
    """Of one that is left out: its last fault."""
    retry_at: float = 0.0
    """When one that is left out may be tried again."""
    _failures: int = 0
    _wait_s: float = 0.0

    @property
    def living(self) -> bool:
        return self.health is Health.LIVING

    def due(self, now: float) -> bool:
        """Whether one that is left out may be tried."""
        return not self.living and now >= self.retry_at

    def failed(self, answer: Answer, now: float, *, tried: bool) -> bool:
        """An attempt without an answer; `tried`: it was sent to see how the endpoint is. True where it is left out from now on."""
        health = _told_by(answer.ended)
        if health is None:  # a rate limit, or a request that no endpoint would take: it is there
            self._failures = 0
            return False
        self._failures += 1
        if health is Health.DOWN and answer.ended is not Ended.CONNECTION and self._failures < IN_A_ROW and not tried:
            return False
        why = (
            f"{answer.status}: {answer.error}" if health is Health.REFUSING else f"{answer.ended.value}: {answer.error}"
        )
        return self._leave_out(health, why, now, again=tried)

    def slowed(self, why: str, now: float, *, tried: bool) -> bool:
        """Its answers take too long. True where it is left out from now on."""
        return self._leave_out(Health.SLOW, why, now, again=tried)

    def answered(self) -> bool:
        """An answer in good time. True where it was left out until now."""
        back = not self.living
        self.health, self.why, self._failures, self._wait_s = Health.LIVING, "", 0, 0.0
        return back

    def _leave_out(self, health: Health, why: str, now: float, *, again: bool) -> bool:
        """Wait for the first time, or twice as long as before where it was tried; what was still in flight changes nothing."""
        new = health is not self.health
        if new or again:
            first, most = _FIRST_AND_MOST_S[health]
            self._wait_s = first if new else min(most, 2 * self._wait_s)
            self.health, self.why, self.retry_at = health, why[:200], now + self._wait_s
        return new


def _told_by(ended: Ended) -> Health | None:
    if ended is Ended.NO_ACCESS:
        return Health.REFUSING
    return Health.DOWN if ended in _FAILURES or ended is Ended.CONNECTION else None
