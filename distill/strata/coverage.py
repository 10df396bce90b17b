"""The strata and labels that the rows of a table belong to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.tables.lookup import Lookup

if TYPE_CHECKING:
    import polars as pl


def labelled(rows: pl.DataFrame) -> list[tuple[str, Mapping[str, str]]]:
    """(stratum, labels) of each row; few labels differ, so rows share them."""
    known = {
        (stratum, text): (stratum, json.loads(text))
        for stratum, text in rows.select("stratum", "labels").unique().iter_rows()
    }
    return [known[pair] for pair in rows.select("stratum", "labels").iter_rows()]


def marginals(
    seeds: pl.DataFrame, asked: Iterable[str], kept: Iterable[str], by: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Label → [{value, available, asked, got}]: each value's training seeds, those asked, and the rows `kept`, by their seeds."""
    labels, known = Lookup(seeds, "labels"), {text: json.loads(text) for text in seeds["labels"].unique()}
    train = Counter(seeds.filter(seeds["role"] == "train")["labels"])
    groups = (train, Counter(labels[seed] for seed in set(asked)), Counter(labels[seed] for seed in kept))
    result = {}
    for name in by:
        have, want, hold = (_values(group, known, name) for group in groups)
        result[name] = [{"value": v, "available": have[v], "asked": want[v], "got": hold[v]} for v in sorted(have)]
    return result


def _values(texts: Counter[str], known: Mapping[str, Mapping[str, str]], name: str) -> Counter[str]:
    """The values of a label among so many texts of labels."""
    found = Counter[str]()
    for text, count in texts.items():
        found[known[text].get(name, "")] += count
    return found
