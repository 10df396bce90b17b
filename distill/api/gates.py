"""The gates as functions by their names, for tables that no run holds."""

from __future__ import annotations

from collections.abc import Callable

from distill.curate.gates.registry import GATES
from distill.errors import UsageError
from distill.tables.outcome import Outcome
from distill.text.normalise import did_you_mean


def gate(name: str) -> Callable[..., Outcome]:
    """A gate of `distill gates` as a function `(samples, **settings) → Outcome`.

    long = distill.gate("length")(run.samples, max_tokens=50)
    long.kept, long.dropped
    """
    if name not in GATES:
        raise UsageError(f"no gate {name!r}{did_you_mean(name, GATES)}")
    return GATES[name].run
