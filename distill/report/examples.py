"""Rows to look at: some of the dropped ones of every reason, and the largest clusters of near copies.

Texts are shortened, and what looks like a key is hidden in them. Which rows are shown is a hash's choice, so that they are of all kinds; no order of the tables matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from distill.similarity.pairs import jaccard, shingles

A_REASON = 10
_CLUSTERS = 6
_MEMBERS = 3
_LONGEST = 1200
"""Characters of a text that are shown; a page of many reasons must stay small."""
_READ = 20_000

Hide = Callable[[str], str]
"""A text without what must not be shown."""


@dataclass(frozen=True, slots=True)
class DroppedRow:
    """A row without an answer has an empty one, a row that could not be read no input."""

    row: str
    stratum: str
    detail: str
    input: str
    answer: str


@dataclass(frozen=True, slots=True)
class DroppedGroup:
    """All rows that one stage dropped for one reason, and some of them to look at."""

    stage: str
    reason: str
    count: int
    rows: list[DroppedRow]


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A seed of a cluster: what became of it and why, and how alike it is to the first one shown."""

    row: str
    input: str
    fate: str
    why: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """Near-duplicates: how many there are, how many were kept, and some of them."""

    cluster: str
    size: int
    kept: int
    examples: list[ClusterRow]


@dataclass(frozen=True, slots=True)
class Clusters:
    """All seeds, the number of clusters of more than one, the seeds in them, and the largest."""

    seeds: int
    count: int
    rows: int
    largest: list[Cluster]


def drops(dropped: pl.DataFrame, samples: pl.DataFrame, inputs: Mapping[str, str], *, hide: Hide) -> list[DroppedGroup]:
    """At most ten rows a reason, in the order of the stages; `inputs` are the seeds' texts by id."""
    picked = picks(dropped)
    answers = _answers(samples, picked["request_id"].drop_nulls().unique())
    groups = []
    for stage, reason, count in dropped.group_by("stage", "reason", maintain_order=True).len().iter_rows():
        rows = picked.filter((pl.col("stage") == stage) & (pl.col("reason") == reason)).iter_rows(named=True)
        groups.append(DroppedGroup(stage, reason, count, [_dropped(row, inputs, answers, hide) for row in rows]))
    return groups


def _dropped(row: Mapping[str, str], inputs: Mapping[str, str], answers: Mapping[str, str], hide: Hide) -> DroppedRow:
    return DroppedRow(
        row=row["row"],
        stratum=row["stratum"],
        detail=shortened(row["detail"], hide),
        input=shortened(inputs.get(row["row"], ""), hide),
        answer=shortened(answers.get(row["request_id"], ""), hide),
    )


def picks(dropped: pl.DataFrame, most: int = A_REASON) -> pl.DataFrame:
    """The rows of `drops`: of each stage and reason the first by the hash of the request, or of the seed where none was sent."""
    by_hash = dropped.sort(pl.coalesce("request_id", "row"), "row", "detail")
    return by_hash.group_by("stage", "reason", maintain_order=True).head(most)


def clusters(seeds: pl.DataFrame, samples: pl.DataFrame, dropped: pl.DataFrame, *, hide: Hide) -> Clusters:
    """The clusters of more than one seed, and the largest with examples."""
    rows = seeds.select("seed_id", "input", "role", cluster=pl.coalesce(pl.col("cluster").replace("", None), "seed_id"))
    sizes = rows.group_by("cluster").len("size").filter(pl.col("size") > 1)
    kept = samples.filter(pl.col("fate") != "dropped").select("seed_id", "fate").unique("seed_id")
    largest = sizes.sort(["size", "cluster"], descending=[True, False]).head(_CLUSTERS)
    members = rows.join(largest, on="cluster").join(kept, on="seed_id", how="left")
    why = dropped.join(members, left_on="row", right_on="seed_id", how="semi").sort(pl.all())
    reasons = {row: f"{stage}: {reason}" for row, stage, reason in why.select("row", "stage", "reason").iter_rows()}
    shown = [_cluster(name, members.filter(pl.col("cluster") == name), reasons, hide) for name in largest["cluster"]]
    return Clusters(seeds.height, sizes.height, int(sizes["size"].sum()), shown)


def _cluster(name: str, members: pl.DataFrame, reasons: Mapping[str, str], hide: Hide) -> Cluster:
    # A row of the dataset first, for it is what the others were held against.
    shown = sorted(
        members.iter_rows(named=True), key=lambda row: (row["fate"] is None, row["role"] != "test", row["seed_id"])
    )
    first = shingles(shown[0]["input"])
    rows = [
        ClusterRow(
            row=row["seed_id"],
            input=shortened(row["input"], hide),
            fate=row["fate"] or (row["role"] if row["role"] != "train" else "dropped"),
            why="" if row["fate"] or row["role"] != "train" else reasons.get(row["seed_id"], ""),
            similarity=jaccard(first, shingles(row["input"])),
        )
        for row in shown[:_MEMBERS]
    ]
    return Cluster(name, members.height, members["fate"].drop_nulls().len(), rows)


def _answers(samples: pl.DataFrame, requests: pl.Series) -> dict[str, str]:
    """What came back for each of some requests: the text, and the calls where it holds any."""
    rows = samples.filter(pl.col("request_id").is_in(requests.implode())).select("request_id", "answer", "tool_calls")
    return {request: "\n".join(filter(None, (answer, calls))) for request, answer, calls in rows.iter_rows()}


def shortened(text: str, hide: Hide, most: int = _LONGEST) -> str:
    """The beginning of a text as it may be shown, with its length where it is cut."""
    plain = hide(text[:_READ])
    return plain if len(plain) <= most else f"{plain[:most]}… [{len(text):,} characters]"
