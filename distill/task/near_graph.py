"""The graph of near texts of a run: made once from the seeds, kept in its folder, used wherever nearness matters."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import polars as pl

from distill.atomic_write import write_parquet
from distill.records import Json
from distill.rundir import RunDir, read_json, read_parquet
from distill.similarity.graph import Graph
from distill.similarity.graph_table import edge_table, read_edges
from distill.similarity.keys import keys_of
from distill.spec import TaskSpec

FILE = "pairs.parquet"
COMPARED_AS = 3
"""Counts the ways in which texts were compared; a graph made in an older one is made anew."""


def graph(spec: TaskSpec, *tables: pl.DataFrame) -> Graph:
    """Of all inputs of some tables of seeds. One command asks for the same texts several times, and they are compared once."""
    return made(comparison(spec), *tables)


class NearRules(NamedTuple):
    """How texts are compared: the similarity and the cosine from which they are near, typos, and numbers that tell them apart."""

    near: float
    meaning: float | None
    typos: bool
    numbers: bool


def comparison(spec: TaskSpec) -> NearRules:
    """As a task's spec has it."""
    return NearRules(_least(spec), spec.dedup.meaning, spec.dedup.typos, apart(spec))


def made(how: NearRules, *tables: pl.DataFrame) -> Graph:
    """The same as `graph`, for what does not know the spec."""
    rows = pl.concat([table.select("seed_id", "input") for table in tables]).unique().sort("seed_id", "input")
    return _made(_HashedTexts(rows["input"]), how)


def write(folder: RunDir, found: Graph, table: pl.DataFrame) -> dict[str, float | int | bool | None]:
    """Keep the edges between the seeds of a table; what is returned goes into seeds.json, for `read_graph`."""
    write_parquet(folder / FILE, edge_table(found, table.select("seed_id", "input")))
    return {
        "near": found.threshold, "meaning": found.meaning, "typos": found.typos, "numbers": found.numbers,
        "compared_as": COMPARED_AS,
    }  # fmt: skip


def read_graph(folder: Path, spec: TaskSpec, table: pl.DataFrame) -> Graph:
    """The run's graph; made anew where the run has none, or it was made with other settings."""
    made: Json = read_json(folder / "seeds.json", dict).get("graph")
    fits = made is not None and made["near"] <= _least(spec) and made["meaning"] == spec.dedup.meaning
    fits = fits and made.get("typos", False) == spec.dedup.typos and made.get("numbers") == apart(spec)
    fits = fits and made.get("compared_as") == COMPARED_AS
    if not fits or not (folder / FILE).exists():
        return graph(spec, table)
    texts = table.select("seed_id", "input")
    pairs, typos = read_parquet(folder / FILE), made.get("typos", False)
    return read_edges(pairs, texts, threshold=made["near"], meaning=made["meaning"], typos=typos, numbers=apart(spec))


def leak(spec: TaskSpec) -> float:
    """The similarity from which an input is too near a held-out one."""
    return spec.dedup.near if spec.dedup.leak is None else spec.dedup.leak


def apart(spec: TaskSpec) -> bool:
    """Whether inputs with other numbers or negations are never near-duplicates."""
    return spec.dedup.numbers == "apart"


def _least(spec: TaskSpec) -> float:
    return min(spec.dedup.near, leak(spec))


class _HashedTexts:
    """Texts of a table that are known by a hash, and given away once: the cache is not to hold a million of them."""

    def __init__(self, texts: pl.Series) -> None:
        self._texts: list[pl.Series] = [texts]
        self._key = blake2b(keys_of(texts).tobytes()).digest()

    def given_away(self) -> pl.Series:
        return self._texts.pop()

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _HashedTexts) and self._key == other._key


@lru_cache(maxsize=2)
def _made(rows: _HashedTexts, how: NearRules) -> Graph:
    texts = rows.given_away()
    return Graph.of(texts, threshold=how.near, meaning=how.meaning, typos=how.typos, numbers=how.numbers)
