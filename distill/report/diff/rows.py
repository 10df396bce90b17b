"""The kept rows of two runs by seed: added, gone, relabelled, with examples, by stratum; and the test rows.

A row is relabelled where both runs keep an answer to the same seed and the answers differ in value: JSON that is only spelt another way is
the same answer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.records import Json, canonical, content_id
from distill.rundir import RunDir, read_parquet

_APART = "\x1e"
"""Stands between several kept answers to one seed."""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """One row on both sides; None where a run keeps no answer to it, and `why` says what became of it there."""

    seed_id: str
    stratum: str
    input: str
    before: str | None
    after: str | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class StratumRows:
    """Kept rows of a stratum."""

    stratum: str
    before: int
    after: int
    relabelled: int


@dataclass(frozen=True, slots=True)
class RowChanges:
    """How many kept rows there are and how they differ; `why_…` counts what the other run did with them."""

    before: int
    after: int
    same: int
    added: int
    gone: int
    relabelled: int
    why_added: Mapping[str, int]
    why_gone: Mapping[str, int]
    strata: Sequence[StratumRows]
    examples: Mapping[str, Sequence[ChangedRow]]
    """`added`, `gone` and `relabelled`: the first in the order of a hash, so of all kinds."""


@dataclass(frozen=True, slots=True)
class TestRowChanges:
    """Test rows by seed; `regraded` have another known answer."""

    before: int
    after: int
    same: int
    regraded: int


def row_changes(a: RunDir, b: RunDir, *, examples: int) -> RowChanges:
    """The kept rows of run `b` beside those of run `a`; UsageError where one has no samples yet."""
    both = _kept(a).join(_kept(b), on="seed_id", how="full", coalesce=True, suffix="_b")
    both = both.with_columns(
        pl.coalesce("stratum_b", "stratum").alias("at"), pl.coalesce("input", "input_b").alias("said")
    )
    added, gone = both.filter(pl.col("answer").is_null()), both.filter(pl.col("answer_b").is_null())
    differ = both.filter(pl.col("answer") != pl.col("answer_b"))
    other = [
        seed for seed, x, y in differ.select("seed_id", "answer", "answer_b").iter_rows() if _value(x) != _value(y)
    ]
    relabelled = differ.filter(pl.col("seed_id").is_in(other))
    absent_a, absent_b = _absent(a, added["seed_id"].to_list()), _absent(b, gone["seed_id"].to_list())
    before, after = both.height - added.height, both.height - gone.height
    return RowChanges(
        before=before, after=after, same=both.height - added.height - gone.height - relabelled.height,
        added=added.height, gone=gone.height, relabelled=relabelled.height,
        why_added=_counted(absent_a), why_gone=_counted(absent_b), strata=_strata(both, relabelled),
        examples={
            "added": _examples(added, examples, absent_a), "gone": _examples(gone, examples, absent_b),
            "relabelled": _examples(relabelled, examples, {}),
        },
    )  # fmt: skip


def changed_tests(a: RunDir, b: RunDir) -> TestRowChanges:
    """The test rows of two runs."""
    one, two = known_answers(a), known_answers(b)
    both = one.keys() & two.keys()
    regraded = sum(_value(one[seed] or "") != _value(two[seed] or "") for seed in both)
    return TestRowChanges(len(one), len(two), len(both) - regraded, regraded)


def known_answers(run: RunDir) -> dict[str, str | None]:
    """Test row → its known answer as JSON."""
    seeds = read_parquet(run / "seeds.parquet", ["seed_id", "role", "gold"])
    return dict(seeds.filter(pl.col("role") == "test").select("seed_id", "gold").iter_rows())


def _kept(run: RunDir) -> pl.DataFrame:
    """A row a seed that trains or validates: seed_id, stratum, input, and its kept answers as one text."""
    columns = ["seed_id", "fate", "stratum", "input", "answer", "tool_calls"]
    rows = read_parquet(run / "samples.parquet", columns).filter(pl.col("fate") != "dropped")
    said = pl.concat_str([pl.col("answer"), pl.col("tool_calls")], separator=" ", ignore_nulls=True).str.strip_chars()
    return (
        rows.with_columns(said.alias("answer"))
        .group_by("seed_id")
        .agg(pl.col("stratum").first(), pl.col("input").first(), pl.col("answer").sort().str.join(_APART))
    )


def _value(said: str) -> Json:
    """Answers by value, so that two spellings of one are the same."""
    return sorted(canonical(_read(one)) for one in said.split(_APART))


def _read(said: str) -> Json:
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return said.strip()


def _absent(run: RunDir, seeds: Sequence[str]) -> dict[str, str]:
    """What a run did with seeds to which it keeps no answer."""
    if not seeds:
        return {}
    roles = dict(read_parquet(run / "seeds.parquet", ["seed_id", "role"]).iter_rows())
    lost = read_parquet(run / "dropped.parquet", ["row", "stage", "reason"])
    drops = {row: f"dropped by {stage}: {reason}" for row, stage, reason in lost.iter_rows()}
    return {
        seed: "not among its seeds"
        if seed not in roles
        else "a test row"
        if roles[seed] == "test"
        else drops.get(seed, "no answer was kept")
        for seed in seeds
    }


def _counted(why: Mapping[str, str]) -> dict[str, int]:
    return dict(Counter(why.values()).most_common())


def _strata(both: pl.DataFrame, relabelled: pl.DataFrame) -> list[StratumRows]:
    found: dict[str, list[int]] = {}
    for column, frame in enumerate(
        (both.drop_nulls("stratum")["stratum"], both.drop_nulls("stratum_b")["stratum_b"], relabelled["at"])
    ):
        for stratum, count in Counter(frame.to_list()).items():
            found.setdefault(stratum, [0, 0, 0])[column] = count
    return [StratumRows(stratum, *counts) for stratum, counts in sorted(found.items())]


def _examples(rows: pl.DataFrame, most: int, why: Mapping[str, str]) -> list[ChangedRow]:
    chosen = sorted(rows["seed_id"].to_list(), key=lambda seed: content_id("diff", seed))[:most]
    shown = rows.filter(pl.col("seed_id").is_in(chosen)).sort("seed_id")
    columns = ("seed_id", "at", "said", "answer", "answer_b")
    return [
        ChangedRow(seed, stratum or "", said or "", _shown(before), _shown(after), why.get(seed, ""))
        for seed, stratum, said, before, after in shown.select(columns).iter_rows()
    ]


def _shown(answer: str | None) -> str | None:
    return None if answer is None else answer.replace(_APART, " | ")
