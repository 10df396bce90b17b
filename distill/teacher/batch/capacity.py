"""How many prompt tokens a host takes in open batches: as the spec says, or as a refusal tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.journal import BatchEntry

_LESS = 8
"""Of the enqueued tokens that a host names, not less than this part is taken for its limit: it may count other tokens
than we do, but if it still refuses, its capacity is taken by somebody else."""


@dataclass(slots=True)
class Capacity:
    """What a batch may hold at the most, and the limit of enqueued tokens that was learnt, None while none was."""

    limits: BatchLimits
    learnt: int | None = None
    _within: dict[str, int] = field(default_factory=dict, init=False)
    """The enqueued tokens that a batch was made for, by its key."""

    def beside(self, out: Iterable[BatchEntry]) -> BatchLimits:
        """What the next batch may hold beside those that are out."""
        known = [limit for limit in (self.limits.tokens, self.learnt) if limit is not None]
        if not known:
            return self.limits
        left = min(known) - sum(batch.tokens for batch in out)
        return BatchLimits(self.limits.rows, self.limits.bytes, max(0, left))

    def take(self, key: str, limits: BatchLimits) -> None:
        """Remember what a batch was made for."""
        if limits.tokens is not None:
            self._within[key] = limits.tokens

    def learn(self, batch: BatchEntry, message: str) -> int:
        """The enqueued tokens to go by from now on: as the host names them, and less where that was not enough."""
        limit = _limit_of(message) or max(1, batch.tokens // 2)
        within = self._within.get(batch.key)
        self.learnt = limit if within is None else max(1, limit // _LESS, min(limit, within // 2))
        return self.learnt


def _limit_of(message: str) -> int | None:
    """The number that a host names as its limit of enqueued tokens."""
    found = re.search(r"limit\D{0,40}?(\d[\d,]*)", message, re.IGNORECASE)
    return int(found[1].replace(",", "")) if found else None
