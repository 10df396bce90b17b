"""The kept samples as the files a tuner reads: chat JSONL, and the same rows as Parquet.

    train.jsonl, valid.jsonl   {"messages": [{"role": "system", …}, {"role": "user", …}, {…"assistant"…}]}, and "tools"
                               where the task or the row has some, with the row's "parallel_tool_calls"; an assistant's
                               turn before the last has "weight": 0, so that only the teacher's answer trains
    test.jsonl                 {"seed_id": …, "messages": [system, user], "gold": {…} or null}, and what the row is asked with
    dataset.parquet            seed_id, teacher (-1: gold), kind (null: gold), draw, stratum, fate, prompt (the turns as JSON), answer, tool_calls,
                               score, and, where some row brings it, request (what it is asked with, as JSON) and id (its own);
                               then the columns that `seeds.keep` names

Equal samples give equal bytes: rows are sorted by (seed_id, teacher, kind, draw), lines end in "\\n", and no character that
some reader takes for a line break, nor half a surrogate pair, stands in a line unescaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distill.atomic_write import write_atomic, write_parquet
from distill.chat.conversation import training_row
from distill.records import Json
from distill.tables.outcome import ordered
from distill.text.normalise import one_line, storable

if TYPE_CHECKING:
    import polars as pl

_TEST = ("seed_id", "messages", "gold")


def line(value: Json) -> bytes:
    """`value` as one line of JSON, its line end included; the line holds no other line break, by anyone's reading."""
    return one_line(storable(json.dumps(value, ensure_ascii=False, allow_nan=False))).encode() + b"\n"


def write(
    samples: pl.DataFrame, *, folder: Path, tools: Sequence[Mapping[str, Json]] = (),
    own: Mapping[str, Mapping[str, Json]] | None = None, ids: Mapping[str, str] | None = None,
    kept: Mapping[str, Mapping[str, Json]] | None = None,
) -> dict[str, int]:  # fmt: skip
    """Write train.jsonl, valid.jsonl and dataset.parquet; returns the rows of each fate. Dropped rows are left out.

    `own` is what seeds are asked with themselves: their tools take the place of the task's; `ids` what their own files call them, and
    `kept` further columns of theirs, which get a name of their own where the dataset has one so called.
    """
    import polars as pl

    rows = ordered(samples.filter(pl.col("fate").is_in(["train", "valid"])))
    own, counts = own or {}, {}
    for fate in ("train", "valid"):
        part = rows.filter(pl.col("fate") == fate).select("seed_id", "prompt", "answer", "tool_calls")
        lines = (
            line(training_row(json.loads(prompt), answer, calls) | _called_with(tools, own.get(seed)))
            for seed, prompt, answer, calls in part.iter_rows()
        )
        write_atomic(folder / f"{fate}.jsonl", lines)
        counts[fate] = part.height
    columns = ["seed_id", "teacher", "kind", "draw", "stratum", "fate", "prompt", "answer", "tool_calls", "score"]
    if own:
        spelt = [json.dumps(own[seed], ensure_ascii=False) if seed in own else None for seed in rows["seed_id"]]
        rows, columns = rows.with_columns(request=pl.Series(spelt, dtype=pl.String)), [*columns, "request"]
    if ids:
        named = pl.Series([ids.get(seed) for seed in rows["seed_id"]], dtype=pl.String)
        rows, columns = rows.with_columns(id=named), [*columns, "id"]
    more = _columns([(kept or {}).get(seed, {}) for seed in rows["seed_id"]], taken=columns)
    write_parquet(folder / "dataset.parquet", rows.select(columns).with_columns(more))
    return counts


def _columns(kept: Sequence[Mapping[str, Json]], *, taken: Sequence[str]) -> list[pl.Series]:
    """Columns of the rows' own: of one kind of value as that, of several, of lists and of objects as text."""
    import polars as pl

    found = []
    for name in dict.fromkeys(name for row in kept for name in row):
        values = [row.get(name) for row in kept]
        plain = {type(value) for value in values if value is not None} in ({str}, {int}, {float}, {bool}, {int, float})
        spelt = (
            values
            if plain
            else [None if v is None else v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]
        )
        found.append(pl.Series(f"own_{name}" if name in taken else name, spelt, strict=False))
    return found


def _called_with(tools: Sequence[Mapping[str, Json]], own: Mapping[str, Json] | None) -> dict[str, Json]:
    """What a training row says of its tools: hosts and trainers know no other keys beside the turns."""
    found = {name: own[name] for name in ("tools", "parallel_tool_calls") if name in own} if own else {}
    return found if "tools" in found or not tools else found | {"tools": list(tools)}


def write_test(rows: Iterable[Mapping[str, Json]], *, folder: Path) -> int:
    """Write test.jsonl from rows with `seed_id`, `messages` and `gold` (an object or None), and what else the row is asked
    with; returns how many.
    """
    ordered_rows = sorted(rows, key=lambda row: str(row["seed_id"]))
    lines = [line({name: row[name] for name in (*_TEST, *(n for n in row if n not in _TEST))}) for row in ordered_rows]
    write_atomic(folder / "test.jsonl", lines)
    return len(lines)
