"""Steps of curation by themselves, for tables that no run holds: a gate by its name, and rows over their quotas left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from distill.curate.gates.registry import GATES
from distill.curate.selection.balance import Floor, Wanted
from distill.curate.selection.balance import balance as balanced
from distill.errors import SpecError, UsageError
from distill.records import Json
from distill.tables.outcome import Outcome
from distill.text.normalise import did_you_mean


def gate(name: str) -> Callable[..., Outcome]:
    """A gate of `distill gates` as a function `(samples, **settings) → Outcome`.

        long = distill.gate("length")(run.samples, max_tokens=50)
        long.kept, long.dropped

    A setting that a spec would refuse is a SpecError. One whose name Python reserves has a line behind it: `is_` for `is`.
    """
    if name not in GATES:
        raise UsageError(f"no gate {name!r}{did_you_mean(name, GATES)}")
    found = GATES[name]

    def run(samples: pl.DataFrame, **settings: Json) -> Outcome:
        spelt = {setting.removesuffix("_"): value for setting, value in settings.items()}
        if wrong := found.faults(found.own(spelt), where=name):
            raise SpecError("gates", wrong)
        return found.apply(samples, spelt)

    return run


def balance(
    frame: pl.DataFrame, *, quotas: Mapping[str, int], floors: Sequence[Floor] = (), by: str = "diverse", weight: float = 0.5
) -> Outcome:  # fmt: skip
    """Keep of each stratum as many rows as its quota says; a stratum without one is not limited.

        distill.balance(run.dataset, quotas={"billing": 40, "delivery": 40}).kept

    `by` is "score" (the highest first) or "diverse" (variety of input and answer by `weight`, the score by the rest).
    """
    return balanced(frame, Wanted(quotas, floors, by, weight))
