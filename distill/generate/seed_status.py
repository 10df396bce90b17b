"""Every training seed after the gates: not asked, passed, pending, or rejected; and of which of them a row may still come."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.generate.questions import TeacherQuestion, last_teachers, may_fall_back, next_redraws
from distill.tables.outcome import dropped_frame
from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class SeedStatus:
    """Sets of seeds, or seed → stratum where that is needed too."""

    askable: int
    """Seeds that a teacher was asked, or may be."""
    unasked: Mapping[str, str]
    """Those of them that nobody was asked yet."""
    passed: frozenset[str]
    """Seeds with an answer that all gates let pass, or that a person decided."""
    pending: Mapping[str, str]
    """Those that only a verdict is missing for: nothing more is asked in their place."""
    rejected: frozenset[str]
    """Seeds that were answered, and not so that gates let it pass."""
    still_possible: frozenset[str]
    """Those without a row through the gates of which one may still come: unasked, pending, or to be asked once more."""
    preview: int | None = None
    """The rows that are asked at most, for a first look."""

    @property
    def settled(self) -> frozenset[str]:
        """Seeds that need no other answer: passed, or pending."""
        return self.passed | frozenset(self.pending)

    @property
    def not_asked(self) -> pl.DataFrame:
        """The unasked seeds as rows of dropped.parquet."""
        return dropped_frame(
            (seed, None, stratum, "generate", "not_asked", self._enough(stratum))
            for seed, stratum in self.unasked.items()
        )

    def _enough(self, stratum: str) -> str:
        if self.preview is not None:
            return f"a preview of {self.preview:,} rows: the others are asked without --limit (dataset.preview)"
        return f"the quota of {stratum} needs no more"


def seed_status(
    task: Task, asked: Sequence[TeacherQuestion], strata: Mapping[str, str],
    *, askable: Collection[str] | pl.Series, passed: frozenset[str], unjudged: Iterable[str], rejected: Iterable[str],
) -> SeedStatus:  # fmt: skip
    """The status of the `askable` seeds: with answers that passed, that lack a verdict, and that were rejected or declined."""
    last = last_teachers(asked)
    unasked = {seed: strata[seed] for seed in sorted(seed for seed in askable if seed not in last)}
    pending = {seed: strata[seed] for seed in sorted(set(unjudged) - passed)}
    refused = frozenset(rejected) - passed - pending.keys()
    behind = (seed for seed, teacher in last.items() if may_fall_back(task, seed, teacher, passed))
    possible = frozenset([*unasked, *pending, *behind, *next_redraws(task, asked, refused)])
    return SeedStatus(len(askable), unasked, passed, pending, refused, possible, task.spec.dataset.preview)
