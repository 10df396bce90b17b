"""What curation comes to: the dataset's rows, every other one with its reason, and what is still short of its quota."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

import polars as pl

from distill.curate.accounting.funnel import FunnelLine
from distill.curate.gates.judge.lookup import VerdictLookup
from distill.generate.questions import TeacherQuestions
from distill.generate.refill import RefillState
from distill.generate.seed_status import SeedStatus
from distill.records import Json
from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class Curated:
    """`kept` are the dataset's rows with their fate; `dropped` every other one with its reason."""

    kept: pl.DataFrame
    rejected: pl.DataFrame
    dropped: pl.DataFrame
    flagged: pl.DataFrame
    """What gates would have dropped of the approved rows, which train all the same."""
    funnel: list[FunnelLine]
    quotas: dict[str, int]
    passed: Counter[str]
    """Stratum → rows that came through every step before the quotas."""
    survived: frozenset[str]
    """Seeds that were asked, of which a row came through every step before the quotas, or may once it is judged."""
    seeds: SeedStatus
    undecided: list[dict[str, Json]]
    """Rows for a person to decide about, with their inputs and answers; empty unless the spec asks for it."""
    contested: frozenset[str]
    """Seeds in conflict that are to be asked again; empty unless the spec asks for it."""
    verdicts: VerdictLookup
    """What the judges were looked up for, and what is missing of it."""

    @property
    def samples(self) -> pl.DataFrame:
        """Every row with its fate, in the order of samples.parquet."""
        lost = self.rejected.with_columns(pl.lit("dropped").alias("fate"))
        return pl.concat([self.kept, lost], how="diagonal").sort("seed_id", "teacher", "kind", "draw")

    @property
    def counted(self) -> Curated:
        """Of the rows kept only what is counted, for whoever holds the samples."""
        return replace(self, kept=self.kept.select("seed_id", "stratum", "labels"), rejected=self.rejected.clear())

    @property
    def missing(self) -> dict[str, int]:
        """Stratum → rows that it lacks."""
        possible = self.passed + Counter(self.seeds.pending.values())
        missing = {stratum: quota - possible[stratum] for stratum, quota in self.quotas.items()}
        return {stratum: count for stratum, count in missing.items() if count > 0}

    @property
    def warnings(self) -> list[str]:
        """What a person should know of the steps before the rows are asked for, or trained on."""
        return [line.warning for line in self.funnel if line.warning]

    def refill_state(
        self, task: Task, table: pl.DataFrame, asked: TeacherQuestions,
        *, may_come: Collection[str] = (), decided: Collection[str] = (),
    ) -> RefillState:  # fmt: skip
        """How far the run is: `may_come` are seeds whose answer is pending, `decided` those that a person decided."""
        return RefillState(
            task=task, table=table, asked=asked, seeds=self.seeds, missing=self.missing,
            survived=self.survived.union(may_come), contested=self.contested, decided=frozenset(decided),
        )  # fmt: skip
