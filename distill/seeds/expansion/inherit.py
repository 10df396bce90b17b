"""Made seeds as rows of the seeds table: new ones, and those that a refresh takes over from the run before it.

A made seed has the labels of its parent as they are now, and what a rule computes over its own fields must say the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from distill.records import Json
from distill.seeds import sql_labels
from distill.seeds.expansion.prompts import STAGE

_AS_PARENT = ("rewrite", "vary")
"""Ways that say the same in other words."""


class Drop(NamedTuple):
    """A row of dropped.parquet."""

    row: str
    request_id: str | None
    stratum: str
    stage: str
    reason: str
    detail: str


class TakenOver(NamedTuple):
    """Made seeds of an earlier run that stay, as rows of the seeds table, and those that went."""

    rows: list[dict[str, Json]]
    drops: list[Drop]


def placed(seed_id: str, way: str, parent: Mapping[str, Json]) -> dict[str, Json]:
    """What a made seed has of its parent; what says the same in other words goes where that goes when rows are split."""
    return {
        "labels": parent["labels"], "stratum": parent["stratum"],
        "cluster": parent["cluster"] if way in _AS_PARENT else seed_id, "group": parent["group"], "own_id": None, "kept": None,
        "role": "train", "parent": parent["seed_id"], "way": way,
    }  # fmt: skip


def taken_over(before: pl.DataFrame, real: Mapping[str, Mapping[str, Json]], texts: Mapping[str, str]) -> TakenOver:
    """The made seeds among `before`, an earlier seeds table, with the labels that hold now.

    `real` are the seeds to train on, `texts` the rules by label. One whose parent trains no more, or to which a rule gives
    another label than to its parent, goes.
    """
    rows, drops = list[dict[str, Json]](), list[Drop]()
    for row in before.iter_rows(named=True):
        if (parent := real.get(row["parent"])) is not None:
            rows.append(row | placed(row["seed_id"], row["way"], parent))
        else:
            drops.append(_drop(row, "parent_gone", "its parent seed no longer trains"))
    labels = [json.loads(row["labels"]) for row in rows]
    other = misfits([json.loads(row["fields"]) for row in rows], labels, texts)
    drops += [_drop(rows[i], "other_stratum", detail) for i, detail in other.items()]
    return TakenOver([row for i, row in enumerate(rows) if i not in other], drops)


def misfits(
    fields: Sequence[Mapping[str, Json]], labels: Sequence[Mapping[str, str]], texts: Mapping[str, str]
) -> dict[int, str]:
    """Index → detail of the made seeds to which a rule over their fields gives another label than they have."""
    columns = list(fields[0]) if fields else []
    found: dict[int, str] = {}
    for rule in sql_labels.parse(texts, columns=columns)[0] if fields else []:
        given = sql_labels.labels(rule, {name: [one[name] for one in fields] for name in rule.columns})
        for i, (value, has) in enumerate(zip(given, labels, strict=True)):
            if value != (wanted := has.get(rule.label)):
                found.setdefault(i, f"{rule.label} is {value!r}, made for {wanted!r}")
    return found


def rows_on(seeds: pl.LazyFrame, kept: pl.DataFrame) -> int:
    """Rows of a dataset whose seeds were made."""
    if "way" not in seeds.collect_schema():
        return 0
    made = set(seeds.drop_nulls("way").select("seed_id").collect()["seed_id"])
    return sum(seed in made for seed in kept["seed_id"])


def _drop(row: Mapping[str, Json], reason: str, detail: str) -> Drop:
    return Drop(row["seed_id"], None, row["stratum"], STAGE, reason, f"{row['way']} of {row['parent']}: {detail}")
