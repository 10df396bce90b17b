"""How the rows of a table cover the strata, labels and edge cases of a task."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.strata import quotas
from distill.tables.lookup import Lookup


@dataclass(frozen=True, slots=True)
class LabelCoverage:
    """Of a label's value its training seeds, those asked, and the rows kept."""

    value: str
    available: int
    asked: int
    got: int


@dataclass(frozen=True, slots=True)
class EdgeCaseCoverage:
    """Of an edge case how many rows there should be, and how many there are."""

    where: dict[str, str]
    at_least: int
    got: int


def labelled(rows: pl.DataFrame) -> list[quotas.LabelledRow]:
    """(stratum, labels) of each row; few labels differ, so rows share them."""
    known: dict[tuple[str, str], quotas.LabelledRow] = {}
    found: list[quotas.LabelledRow] = []
    for pair in zip(rows["stratum"], rows["labels"], strict=True):
        if pair not in known:
            known[pair] = pair[0], json.loads(pair[1])
        found.append(known[pair])
    return found


def rows_by_stratum(rows: pl.DataFrame) -> Counter[str]:
    """Stratum → rows; counted where they lie, since a list of ten million names would not fit in memory."""
    return Counter(dict(rows["stratum"].cast(pl.String).value_counts().iter_rows()))


def by_label(
    seeds: pl.DataFrame, asked: Iterable[str], kept: Iterable[str], names: Sequence[str]
) -> dict[str, list[LabelCoverage]]:
    """Label → the coverage of each of its values; `asked` and `kept` are seeds."""
    labels = Lookup(seeds, "labels")
    train = Counter(seeds.filter(seeds["role"] == "train")["labels"])
    return counted(train, Counter(labels[seed] for seed in set(asked)), Counter(labels[seed] for seed in kept), names)


def counted(
    train: Counter[str], asked: Counter[str], kept: Counter[str], names: Sequence[str]
) -> dict[str, list[LabelCoverage]]:
    """The same of how many rows have each text of labels: training seeds, those asked, and the rows kept."""
    groups, result = (train, asked, kept), {}
    known = {text: json.loads(text) for text in train | asked | kept}
    for name in names:
        have, want, hold = (_values(group, known, name) for group in groups)
        result[name] = [LabelCoverage(value, have[value], want[value], hold[value]) for value in sorted(have)]
    return result


def of_edge_cases(kept: pl.DataFrame, cases: Sequence[quotas.EdgeCase]) -> list[EdgeCaseCoverage]:
    """The coverage of each edge case by the rows kept."""
    return [
        EdgeCaseCoverage(dict(case.where), case.at_least, sum(match.values()))
        for case, match in zip(cases, quotas.matching(labelled(kept), cases), strict=True)
    ]


def _values(texts: Counter[str], known: Mapping[str, Mapping[str, str]], name: str) -> Counter[str]:
    """The values of a label among so many texts of labels."""
    found = Counter[str]()
    for text, count in texts.items():
        found[known[text].get(name, "")] += count
    return found
