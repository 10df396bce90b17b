"""The kept samples as the files a tuner reads: chat JSONL, and the same rows as Parquet.

    train.jsonl, valid.jsonl   {"messages": [{"role": "system", …}, {"role": "user", …}, {…"assistant"…}]}, and "tools"
                               where the task or the row has some, with the row's "parallel_tool_calls"; an assistant's
                               turn before the last has "weight": 0, so that only the teacher's answer trains
    test.jsonl                 {"seed_id": …, "messages": [system, user], "gold": {…} or null}, and what the row is asked with
    dataset.parquet            seed_id, teacher (-1: gold), kind (null: gold), draw, stratum, fate, prompt (the turns as JSON), answer, tool_calls,
                               score, and, where some row brings it, request (what it is asked with, as JSON) and id (its own)

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
) -> dict[str, int]:  # fmt: skip
    """Write train.jsonl, valid.jsonl and dataset.parquet; returns the rows of each fate. Dropped rows are left out.

    `own` is what seeds are asked with themselves: their tools take the place of the task's; `ids` what their own files call them.
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
    write_parquet(folder / "dataset.parquet", rows.select(columns))
    return counts


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
