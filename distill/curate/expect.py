"""What a dataset must be before anything is trained on it: the spec's `expect:`, each with what was found.

A test is a function `(kept, wanted) → (holds, found)` over the samples of train and valid; nothing is dropped here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from distill.records import Json
from distill.text import tokens

Finding = tuple[bool, str]


def check(kept: pl.DataFrame, strata: Sequence[str], expected: Mapping[str, Json]) -> list[dict[str, Json]]:
    """{test, wanted, found, holds} of each test that is asked for; `strata` are those that the seeds have."""
    results = []
    for name, wanted in expected.items():
        if wanted is not None:
            holds, found = TESTS[name](kept, strata, wanted)
            results.append({"test": name, "wanted": wanted, "found": found, "holds": holds})
    return results


def _rows(kept: pl.DataFrame, _strata: Sequence[str], wanted: int) -> Finding:
    return kept.height >= wanted, f"{kept.height} rows"


def _rows_per_stratum(kept: pl.DataFrame, strata: Sequence[str], wanted: int) -> Finding:
    held = dict(kept.group_by("stratum").len().iter_rows())
    name, least = min(
        ((name, held.get(name, 0)) for name in sorted(strata)), key=lambda pair: pair[1], default=("all", 0)
    )
    return least >= wanted, f"{least} rows in {name}"


def _largest_cluster(kept: pl.DataFrame, _strata: Sequence[str], wanted: float) -> Finding:
    if kept.height == 0:
        return True, "no rows"
    named = kept.select(pl.coalesce(pl.col("cluster").replace("", None), pl.col("seed_id")).alias("cluster"))
    name, count = named.group_by("cluster").len().sort(["len", "cluster"], descending=[True, False]).row(0)
    share = count / kept.height
    return share <= wanted, f"{share:.1%} of the rows in cluster {name}"


def _max_tokens(kept: pl.DataFrame, _strata: Sequence[str], wanted: int) -> Finding:
    sizes = [
        (tokens.count_messages(json.loads(prompt)) + tokens.count(answer), seed)
        for seed, prompt, answer in kept.select("seed_id", "prompt", "answer").iter_rows()
    ]
    most, seed = max(sizes, default=(0, "-"))
    return most <= wanted, f"{most} tokens in row {seed}"


def _same_system(kept: pl.DataFrame, _strata: Sequence[str], wanted: bool) -> Finding:
    found = {canonical_system(prompt) for prompt in kept["prompt"]}
    return not wanted or len(found) <= 1, f"{len(found)} different system prompts"


def canonical_system(prompt: str) -> str:
    """The system turns of a sample's prompt as one text."""
    return json.dumps([turn["content"] for turn in json.loads(prompt) if turn["role"] == "system"])


def _valid(kept: pl.DataFrame, _strata: Sequence[str], wanted: Sequence[float]) -> Finding:
    share = (kept["fate"] == "valid").sum() / kept.height if kept.height else 0.0
    return wanted[0] <= share <= wanted[1], f"{share:.1%} of the rows"


TESTS: dict[str, Callable[[pl.DataFrame, Sequence[str], Json], Finding]] = {
    "rows": _rows,
    "rows_per_stratum": _rows_per_stratum,
    "largest_cluster": _largest_cluster,
    "max_tokens": _max_tokens,
    "same_system": _same_system,
    "valid": _valid,
}
