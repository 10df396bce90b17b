"""Where every training seed stands after the gates: not asked, let through, waiting for a verdict, or refused; and of which
of them a row may still come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.curate.dedup import rulings
from distill.generate.questions import Asked, last_of, may_fall_back, may_redraw
from distill.tables.lookup import Lookup

if TYPE_CHECKING:
    import polars as pl

    from distill.tables.outcome import Outcome
    from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class Standing:
    """Sets of seeds, or seed → stratum where that is needed too."""

    askable: int
    """Seeds that a teacher was asked, or may be."""
    idle: Mapping[str, str]
    """Those of them that nobody was asked yet."""
    spare: Mapping[str, int]
    """Stratum → askable seeds less those that were asked."""
    accepted: frozenset[str]
    """Seeds with an answer that all gates let pass, or that a person decided."""
    waiting: Mapping[str, str]
    """Those that only a verdict is missing for: nothing more is asked in their place."""
    refused: frozenset[str]
    """Seeds that were answered, and not so that gates let it pass."""
    hoped: frozenset[str]
    """Those without a row through the gates of which one may still come: idle, waiting, or to be asked once more."""

    @property
    def settled(self) -> frozenset[str]:
        """Seeds that need no other answer: accepted, or waiting for a verdict."""
        return self.accepted | frozenset(self.waiting)

    @property
    def resting(self) -> pl.DataFrame:
        """The idle seeds as rows of dropped.parquet."""
        from distill.tables.outcome import dropped_frame

        return dropped_frame(
            (seed, None, stratum, "generate", "not_asked", f"the quota of {stratum} needs no more")
            for seed, stratum in self.idle.items()
        )


def of(
    task: Task, train: pl.DataFrame, askable: pl.DataFrame, asked: Asked, gated: Outcome, unanswered: pl.DataFrame,
    *, ruled: frozenset[str], owed: Collection[str],
) -> Standing:  # fmt: skip
    """`askable` are the training rows that a teacher may be asked, `gated` is what the gates made of the samples, `unanswered`
    the questions without one; `ruled` are the seeds that a person decided, `owed` the requests of rows that wait for a verdict.
    """
    import polars as pl

    strata, last = Lookup(train, "stratum"), last_of(asked)
    askable = rulings.without(askable, ruled - last.keys())
    spare = Counter(askable["stratum"].to_list())
    spare.subtract(Counter(strata[seed] for seed in last))
    idle = {seed: strata[seed] for seed in sorted(set(askable["seed_id"]) - set(last))}
    accepted = ruled.union(gated.kept["seed_id"])
    unjudged = gated.rejected.filter(pl.col("request_id").is_in(list(owed)))["seed_id"]
    waiting = {seed: strata[seed] for seed in sorted(set(unjudged) - accepted)}
    declined = unanswered.filter(pl.col("reason") == "declined")["row"]
    refused = frozenset([*gated.rejected["seed_id"], *declined]) - accepted - set(waiting)
    behind = (seed for seed, teacher in last.items() if may_fall_back(task, seed, teacher, accepted))
    hoped = frozenset([*idle, *waiting, *behind, *may_redraw(task, asked, refused)])
    return Standing(askable.height, idle, dict(spare), accepted, waiting, refused, hoped)
