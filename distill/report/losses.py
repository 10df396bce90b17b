"""What each stratum lost and why, and whether the edge cases are covered.

Rows are counted where they stood: up to the asking they are seeds, from then on questions, of which a seed may have several.
What was more than was needed (`SPARE`) is no loss.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.records import Json
from distill.tables.reasons import BEFORE, SPARE

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = 10
_STRATA = 200

Reason = tuple[str, str]
"""(stage, reason)."""


@dataclass(frozen=True, slots=True)
class LossColumn:
    """One reason, or the rarest of them together; `of` says what its counts are a part of, "read" or "asked"."""

    stage: str
    reason: str
    of: str
    spare: bool
    count: int


@dataclass(frozen=True, slots=True)
class StratumLosses:
    """One stratum; `share` is lost / asked, `counts` are in the order of the columns."""

    stratum: str
    read: int
    asked: int
    kept: int
    lost: int
    share: float
    counts: list[int]


@dataclass(frozen=True, slots=True)
class LossTable:
    """Strata by reasons, the greatest loss first; `more` strata are left out."""

    columns: list[LossColumn]
    rows: list[StratumLosses]
    more: int

    def in_words(self, row: StratumLosses) -> str:
        """What a stratum lost by reason: "agreement 4, not_json 1"; without what was spare."""
        counted = zip(self.columns, row.counts, strict=True)
        return ", ".join(f"{column.reason} {n:,}" for column, n in counted if n and not column.spare)


@dataclass(frozen=True, slots=True)
class EdgeCaseShares:
    """One edge case; `natural` is its share of the seeds, `share` that of the dataset."""

    where: dict[str, Json]
    at_least: int
    got: int
    seeds: int
    natural: float
    share: float


def by_stratum(seeds: pl.DataFrame, samples: pl.DataFrame, dropped: pl.DataFrame) -> LossTable:
    """The losses of every stratum; the rarest reasons share the last column."""
    reasons = _reasons(dropped)
    at = {key: min(i, _COLUMNS - 1) for i, (key, _) in enumerate(reasons)}
    rows = {
        row["stratum"]: StratumLosses(
            **row,
            share=row["lost"] / row["asked"] if row["asked"] else 0.0,
            counts=[0] * min(len(reasons), _COLUMNS),
        )
        for row in _sizes(seeds, samples, dropped).iter_rows(named=True)
    }
    for stratum, stage, reason, count in dropped.group_by("stratum", "stage", "reason").len().iter_rows():
        rows[stratum].counts[at[stage, reason]] += count
    order = sorted(rows.values(), key=lambda row: (-row.share, -row.lost, row.stratum))
    return LossTable(_columns(reasons), order[:_STRATA], max(0, len(order) - _STRATA))


def _reasons(dropped: pl.DataFrame) -> list[tuple[Reason, int]]:
    """Reasons with their rows: losses after the asking first, then what was spare or went before, each by number."""
    counts = {(stage, reason): n for stage, reason, n in dropped.group_by("stage", "reason").len().iter_rows()}
    return sorted(counts.items(), key=lambda pair: (not _is_loss(pair[0]), -pair[1], pair[0]))


def _is_loss(key: Reason) -> bool:
    """Whether a question that was asked came to nothing."""
    stage, reason = key
    return stage not in BEFORE and reason not in SPARE


def _columns(reasons: Sequence[tuple[Reason, int]]) -> list[LossColumn]:
    columns = [
        LossColumn(stage, reason, "read" if stage in BEFORE else "asked", reason in SPARE, n)
        for (stage, reason), n in reasons
    ]
    last = _COLUMNS - 1
    if len(columns) <= _COLUMNS:
        return columns
    rest = sum(n for _, n in reasons[last:])
    return [*columns[:last], LossColumn("", f"{len(columns) - last} other reasons", "", spare=True, count=rest)]


def _sizes(seeds: pl.DataFrame, samples: pl.DataFrame, dropped: pl.DataFrame) -> pl.DataFrame:
    """stratum, read, asked, kept and lost of every stratum that is named anywhere."""
    import polars as pl

    stage, reason = pl.col("stage"), pl.col("reason")
    gone = dropped.group_by("stratum").agg(
        before=(stage == "seeds").sum(),
        unanswered=(stage == "teacher").sum(),
        lost=(~stage.is_in(BEFORE) & ~reason.is_in(SPARE)).sum(),
    )
    answered = samples.group_by("stratum").agg(answers=pl.len(), kept=(pl.col("fate") != "dropped").sum())
    there = seeds.group_by("stratum").agg(seeds=pl.len())
    whole = there.join(answered, on="stratum", how="full", coalesce=True).join(
        gone, on="stratum", how="full", coalesce=True
    )
    counts = pl.all().exclude("stratum").fill_null(0).cast(pl.Int64)
    return whole.with_columns(counts).select(
        "stratum",
        "kept",
        "lost",
        read=pl.col("seeds") + pl.col("before"),
        asked=pl.col("answers") + pl.col("unanswered"),
    )


def edge_cases(cases: Sequence[Mapping[str, Json]], seeds: pl.DataFrame, samples: pl.DataFrame) -> list[EdgeCaseShares]:
    """The coverage of `cases` ({where, at_least, got}), as funnel.json has them."""
    labels = [(json.loads(text), n) for text, n in seeds.group_by("labels").len().iter_rows()]
    kept = int((samples["fate"] != "dropped").sum()) if samples.height else 0
    return [_coverage(case, labels, seeds.height, kept) for case in cases]


def _coverage(
    case: Mapping[str, Json], labels: Sequence[tuple[dict[str, Json], int]], seeds: int, kept: int
) -> EdgeCaseShares:
    such = sum(n for held, n in labels if all(held.get(name) == value for name, value in case["where"].items()))
    return EdgeCaseShares(
        **case, seeds=such, natural=such / seeds if seeds else 0.0, share=case["got"] / kept if kept else 0.0
    )
