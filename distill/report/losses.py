"""What each stratum lost and why, what came of each label's values, and whether the edge cases are covered.

In: the tables of a run (seeds, samples, dropped). Out: JSON-able values for the report. Rows are counted where they stood:
up to the asking they are seeds, from then on questions, of which a seed may have several. What was more than was needed
(`SPARE`) is no loss.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.tables.reasons import BEFORE, SPARE

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = 10
_STRATA = 200

Reason = tuple[str, str]
"""(stage, reason)."""


def by_stratum(seeds: pl.DataFrame, samples: pl.DataFrame, dropped: pl.DataFrame) -> dict[str, Any]:
    """Strata by reasons, the greatest loss first: {"columns", "rows", "more"}.

    A column is {stage, reason, of, spare, count}: `of` says which number of a row its counts are a part of, "read" or
    "asked". The rarest reasons share the last column. A row is {stratum, read, asked, kept, lost, share, counts}; `share` is
    lost / asked. `more` is the number of strata that are left out.
    """
    reasons = _columns(dropped)
    at = {key: min(i, _COLUMNS - 1) for i, (key, _) in enumerate(reasons)}
    rows = {
        row["stratum"]: row | {"counts": [0] * min(len(reasons), _COLUMNS)} for row in _sizes(seeds, samples, dropped)
    }
    for stratum, stage, reason, count in dropped.group_by("stratum", "stage", "reason").len().iter_rows():
        rows[stratum]["counts"][at[stage, reason]] += count
    order = sorted(rows.values(), key=lambda row: (-row["share"], -row["lost"], row["stratum"]))
    return {"columns": _heads(reasons), "rows": order[:_STRATA], "more": max(0, len(order) - _STRATA)}


def _columns(dropped: pl.DataFrame) -> list[tuple[Reason, int]]:
    """Reasons with their rows: losses after the asking first, then what was spare or went before, each by number."""
    counts = {(stage, reason): n for stage, reason, n in dropped.group_by("stage", "reason").len().iter_rows()}
    return sorted(counts.items(), key=lambda pair: (not _is_loss(pair[0]), -pair[1], pair[0]))


def _is_loss(key: Reason) -> bool:
    """Whether a question that was asked came to nothing."""
    stage, reason = key
    return stage not in BEFORE and reason not in SPARE


def _heads(reasons: Sequence[tuple[Reason, int]]) -> list[dict[str, Any]]:
    heads = [
        {
            "stage": stage,
            "reason": reason,
            "of": "read" if stage in BEFORE else "asked",
            "spare": reason in SPARE,
            "count": n,
        }
        for (stage, reason), n in reasons
    ]
    last = _COLUMNS - 1
    if len(heads) <= _COLUMNS:
        return heads
    rest = sum(n for _, n in reasons[last:])
    return [
        *heads[:last],
        {"stage": "", "reason": f"{len(heads) - last} other reasons", "of": "", "spare": True, "count": rest},
    ]


def _sizes(seeds: pl.DataFrame, samples: pl.DataFrame, dropped: pl.DataFrame) -> list[dict[str, Any]]:
    """{stratum, read, asked, kept, lost, share} of every stratum that is named anywhere."""
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
    sized = whole.with_columns(counts).select(
        "stratum",
        read=pl.col("seeds") + pl.col("before"),
        asked=pl.col("answers") + pl.col("unanswered"),
        kept=pl.col("kept"),
        lost=pl.col("lost"),
    )
    return [row | {"share": row["lost"] / row["asked"] if row["asked"] else 0.0} for row in sized.iter_rows(named=True)]


def edge_cases(cases: Sequence[Mapping[str, Any]], seeds: pl.DataFrame, samples: pl.DataFrame) -> list[dict[str, Any]]:
    """`cases` ({where, at_least, got}) with `natural`, the share of the seeds that are such, and `share`, that of the dataset."""

    there = [(json.loads(text), n) for text, n in seeds.group_by("labels").len().iter_rows()]
    kept = int((samples["fate"] != "dropped").sum()) if samples.height else 0
    found = []
    for case in cases:
        such = sum(n for labels, n in there if all(labels.get(name) == value for name, value in case["where"].items()))
        natural = such / seeds.height if seeds.height else 0.0
        found.append({**case, "seeds": such, "natural": natural, "share": case["got"] / kept if kept else 0.0})
    return found
