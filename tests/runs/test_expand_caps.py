"""A cap on new seeds is no part of their questions: a changed one buys what is new, and nothing again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from making import made, read, run

ROWS = ("dataset.accept=45", "evaluate.arms=[]")
CAPS = "at_most: 9, plausible: false"


def generate(task: Path, expand: str, *sets: str) -> dict[str, Any]:
    return run(made(task, expand, *ROWS, *sets), stages=("generate",))


def makes(result: dict[str, Any]) -> dict[str, str]:
    """Seed → its parent, of the made ones."""
    seeds = read(result, "seeds.parquet").drop_nulls("way")
    return dict(seeds.select("seed_id", "parent").iter_rows())


def test_fill_seeds_survive_a_raised_per_row(task: Path) -> None:
    """The same seeds are made whatever the caps are, as long as no more of them are wanted."""
    first = generate(task, "{ways: [fill], per_row: 3}")
    assert first["requests_sent"] > len(makes(first)) > 0
    assert generate(task, "{ways: [fill], per_row: 3}")["requests_sent"] == 0
    assert generate(task, "{ways: [fill], per_row: 3, at_most: 21}")["requests_sent"] == 0
    raised = generate(task, "{ways: [fill], per_row: 4, at_most: 21}")
    assert raised["requests_sent"] == 0
    assert makes(raised) == makes(first)


@pytest.mark.parametrize("way", ["rewrite", "vary", "fill", "like"])
def test_a_raised_per_row_buys_further_seeds_only(task: Path, way: str) -> None:
    """A poor task: every real seed is used up, and a higher cap adds one of each."""
    sets = ("dataset.accept=400", "dataset.more_draws=0")
    caps = "plausible: false, at_most: 400"
    first = generate(task, f"{{ways: [{way}], per_row: 1, {caps}}}", *sets)
    raised = generate(task, f"{{ways: [{way}], per_row: 2, {caps}}}", *sets)
    before, after = makes(first), makes(raised)
    assert before.items() < after.items()
    tried = {one["expand"]["in"] for one in [_funnel(raised)]}.pop() - _funnel(first)["expand"]["in"]
    assert raised["requests_sent"] == tried + len(after) - len(before)


def test_the_order_of_the_ways_buys_nothing(task: Path) -> None:
    """They are taken in turn, in an order of each real seed's own; one that is named twice counts once."""
    first = generate(task, "{ways: [rewrite, vary, fill]}")
    assert first["requests_sent"] > 0
    turned = generate(task, "{ways: [fill, rewrite, vary, fill]}")
    assert turned["requests_sent"] == 0
    assert makes(turned) == makes(first)


def _funnel(result: dict[str, Any]) -> dict[str, Any]:
    import json

    return dict(json.loads((Path(result["folder"]) / "seeds.json").read_bytes()))
