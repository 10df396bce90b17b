"""A cap on new seeds is no part of their questions: a changed one buys what is new, and nothing again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from making import made, run


class Made(NamedTuple):
    """`sent` requests, `tried` candidates, and the fields of each made seed with its source."""

    sent: int
    tried: int
    seeds: set[tuple[str, str]]


def generate(task: Path, expand: str, *sets: str) -> Made:
    result = run(made(task, f"{{plausible: false, {expand}}}", "evaluate.arms=[]", *sets), stages=("generate",))
    folder = result.folder
    rows = pl.read_parquet(folder / "seeds.parquet").drop_nulls("way").select("fields", "source")
    return Made(result.requests_sent, json.loads((folder / "seeds.json").read_bytes())["expand"]["in"], {*rows.rows()})


def test_fill_seeds_survive_a_raised_per_row(task: Path) -> None:
    """The same seeds are made whatever the caps are, as long as no more of them are wanted."""
    sets = ("dataset.accept=45",)
    first = generate(task, "ways: [fill], per_row: 3", *sets)
    assert first.sent == 36 + first.tried + len(first.seeds) > 36
    for caps in ("per_row: 3", "per_row: 3, at_most: 21", "per_row: 4, at_most: 21"):
        again = generate(task, f"ways: [fill], {caps}", *sets)
        assert (again.sent, again.seeds) == (0, first.seeds)


@pytest.mark.parametrize("way", ["rewrite", "vary", "fill", "like"])
def test_a_raised_cap_buys_further_seeds_only(task: Path, way: str) -> None:
    """Strata lack rows whatever is made: one more from each real seed adds to those that are there."""
    sets = ("dataset.accept=400", "dataset.more_draws=0")
    first = generate(task, f"ways: [{way}], per_row: 1", *sets)
    more = generate(task, f"ways: [{way}], per_row: 2", *sets)
    assert (first.tried, more.tried) == (36, 72)
    assert first.seeds < more.seeds
    assert more.sent == more.tried - first.tried + len(more.seeds) - len(first.seeds)


def test_the_order_of_the_ways_buys_nothing(task: Path) -> None:
    """They are taken in turn, in an order of each real seed's own; one that is named twice counts once."""
    first = generate(task, "ways: [rewrite, vary, fill]", "dataset.accept=45")
    turned = generate(task, "ways: [fill, rewrite, vary, fill]", "dataset.accept=45")
    assert first.sent > 36
    assert (turned.sent, turned.seeds) == (0, first.seeds)
