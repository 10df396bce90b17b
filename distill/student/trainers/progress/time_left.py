"""How long training still takes, by what it has done.

Rows are grouped by length and the longest come first, so a mean over steps would be too high for long: it is the tokens that
take time. The first step does what is done once (memory, kernels, the check of the frozen layers) and is no basis. An epoch
after the first is shorter where states of frozen layers are kept; how much is a guess until some of its steps are done.
"""

from __future__ import annotations

import math

_LEAST = 2
"""Timed steps that are a basis."""


class TimeLeft:
    """Told of each line of the loss curve in turn. `per_epoch` are the tokens of all rows, `valid` those of the rows that are looked at
    when an epoch ends.
    """

    def __init__(self, *, per_epoch: int, valid: int, epochs: float) -> None:
        self._per_epoch, self._valid, self._epochs = per_epoch, valid, epochs
        self._last: tuple[int, float] | None = None
        self._epoch = self._steps = self._tokens = 0
        self._began: int | None = None
        """The epoch of the first step that was timed: not the first one where a training goes on from a checkpoint."""
        self._seconds = 0.0
        self._before: float | None = None
        """Seconds a token in the epoch before."""
        self._look_s: float | None = None
        """Seconds of the first look at the validation rows."""

    def after(self, tokens: int, seconds: float, *, trained: bool, later: float) -> float | None:
        """Seconds left once `tokens` were read in `seconds`; None where there is no basis.

        `trained` is a step, else it is the look at the validation rows that ends an epoch. `later` is what an epoch after the first takes
        of it, about.
        """
        last, self._last = self._last, (tokens, seconds)
        if last is not None and not trained:
            self._look_s = seconds - last[1] if self._look_s is None else self._look_s
        elif last is not None:
            self._count(last, tokens, seconds)
        looks = math.ceil(self._epochs) - self._epoch - (not trained)
        return self._left(tokens, later, looks)

    def _count(self, last: tuple[int, float], tokens: int, seconds: float) -> None:
        epoch = last[0] // self._per_epoch
        if epoch != self._epoch:
            self._before = self._seconds / self._tokens if self._tokens else None
            self._epoch, self._steps, self._tokens, self._seconds = epoch, 0, 0, 0.0
        self._began = epoch if self._began is None else self._began
        self._steps += 1
        self._tokens += tokens - last[0]
        self._seconds += seconds - last[1]

    def _left(self, tokens: int, later: float, looks: int) -> float | None:
        each = self._each(later)
        if each is None:
            return None
        in_all = self._epochs * self._per_epoch
        end = min((self._epoch + 1) * self._per_epoch, in_all)
        here, then = max(0.0, end - tokens), max(0.0, in_all - max(end, tokens))
        shorter = later if self._epoch == self._began else 1.0
        return here * each + then * each * shorter + self._looks_left_s(looks, each, later)

    def _looks_left_s(self, count: int, each: float, later: float) -> float:
        """Seconds for the validation rows: the first time about as if they trained, then as measured; less where states are kept."""
        if count <= 0:
            return 0.0
        return (
            count * self._look_s * later if self._look_s is not None else self._valid * each * (1 + (count - 1) * later)
        )

    def _each(self, later: float) -> float | None:
        """Seconds a token in the epoch that is on."""
        if self._steps >= _LEAST and self._tokens:
            return self._seconds / self._tokens
        if self._before is None:
            return None
        return self._before * (later if self._began == self._epoch - 1 else 1.0)
