"""The kept samples as the files a tuner reads: chat JSONL, and the same rows as Parquet.

    train.jsonl, valid.jsonl   {"messages": [{"role": "system", …}, {"role": "user", …}, {…"assistant"…}]}
    test.jsonl                 {"seed_id": …, "messages": [system, user], "gold": {…} or null}
    dataset.parquet            seed_id, draw, stratum, fate, system, user, answer, score

Equal samples give equal bytes: rows are sorted by (seed_id, draw), lines end in "\\n", and no character that
some reader takes for a line break, nor half a surrogate pair, stands in a line unescaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from distill.records import Json
from distill.rundir import write_atomic, write_parquet
from distill.text import storable

if TYPE_CHECKING:
    import polars as pl

_LINE_BREAKS = {ord(character): f"\\u{ord(character):04x}" for character in "\x85\u2028\u2029"}


def turns(system: str, user: str) -> list[dict[str, str]]:
    """What the student is sent for one row; without a system turn where the prompt has none."""
    return [*([{"role": "system", "content": system}] if system else []), {"role": "user", "content": user}]


def conversation(system: str, user: str, answer: str) -> dict[str, list[dict[str, str]]]:
    """One training row in the shape that hosts and TRL read."""
    return {"messages": [*turns(system, user), {"role": "assistant", "content": answer}]}


def line(value: Json) -> bytes:
    """`value` as one line of JSON, its line end included; the line holds no other line break, by anyone's
    reading.
    """
    text = storable(json.dumps(value, ensure_ascii=False, allow_nan=False))
    return text.translate(_LINE_BREAKS).encode() + b"\n"


def write(samples: pl.DataFrame, *, system: str, folder: Path) -> dict[str, int]:
    """Write train.jsonl, valid.jsonl and dataset.parquet; returns the rows of each fate. Dropped rows are
    left out.
    """
    import polars as pl

    rows = samples.filter(pl.col("fate").is_in(["train", "valid"])).sort("seed_id", "draw")
    counts = {}
    for fate in ("train", "valid"):
        part = rows.filter(pl.col("fate") == fate).select("user", "answer")
        lines = [line(conversation(system, user, answer)) for user, answer in part.iter_rows()]
        write_atomic(folder / f"{fate}.jsonl", b"".join(lines))
        counts[fate] = len(lines)
    columns = [
        "seed_id",
        "draw",
        "stratum",
        "fate",
        pl.lit(system).alias("system"),
        "user",
        "answer",
        "score",
    ]
    write_parquet(folder / "dataset.parquet", rows.select(columns))
    return counts


def write_test(rows: Iterable[Mapping[str, Json]], *, system: str, folder: Path) -> int:
    """Write test.jsonl from rows with `seed_id`, `user` and `gold` (an object or None); returns how many."""
    ordered = sorted(rows, key=lambda row: str(row["seed_id"]))
    lines = [
        line({"seed_id": row["seed_id"], "messages": turns(system, row["user"]), "gold": row["gold"]})
        for row in ordered
    ]
    write_atomic(folder / "test.jsonl", b"".join(lines))
    return len(lines)
