"""What curation comes to: the dataset's rows, every other one with its reason, and what is still short of its quota."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from distill.curate.gates.judge.lookup import VerdictLookup
from distill.curate.seed_status import Standing

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Curated:
    """`kept` are the dataset's rows with their fate; `dropped` every other one with its reason."""

    kept: pl.DataFrame
    rejected: pl.DataFrame
    dropped: pl.DataFrame
    flagged: pl.DataFrame
    """What gates would have dropped of the approved rows, which train all the same."""
    funnel: list[dict[str, Any]]
    quotas: dict[str, int]
    passed: Counter[str]
    """Stratum → rows that came through every step before the quotas."""
    through: frozenset[str]
    """Seeds that were asked, of which a row came through every step, or may once it is judged."""
    standing: Standing
    conflicts: list[dict[str, Any]]
    """Rows for a person to decide about, with their inputs and answers; empty unless the spec asks for it."""
    contested: frozenset[str]
    """Seeds in conflict that are to be asked again; empty unless the spec asks for it."""
    verdicts: VerdictLookup
    """What the judges were looked up for, and what is missing of it."""

    @property
    def samples(self) -> pl.DataFrame:
        """Every row with its fate, in the order of samples.parquet."""
        import polars as pl

        lost = self.rejected.with_columns(pl.lit("dropped").alias("fate"))
        return pl.concat([self.kept, lost], how="diagonal").sort("seed_id", "teacher", "kind", "draw")

    @property
    def counted(self) -> Curated:
        """Of the rows kept only what is counted, for whoever holds the samples."""
        return replace(self, kept=self.kept.select("seed_id", "stratum", "labels"), rejected=self.rejected.clear())

    @property
    def lack(self) -> dict[str, int]:
        """Rows still missing in each stratum."""
        hoped = self.passed + Counter(self.standing.waiting.values())
        lack = {stratum: quota - hoped[stratum] for stratum, quota in self.quotas.items()}
        return {stratum: count for stratum, count in lack.items() if count > 0}

    @property
    def short(self) -> dict[str, int]:
        """Those of the strata that have seeds left to ask."""
        return {stratum: count for stratum, count in self.lack.items() if self.standing.spare.get(stratum, 0) > 0}

    @property
    def warnings(self) -> list[str]:
        """What a person should know of the steps before the rows are asked for, or trained on."""
        return [step["warning"] for step in self.funnel if "warning" in step]
