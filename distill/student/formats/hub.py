"""A folder laid out as a dataset of the Hugging Face hub: one Parquet file a split, with the same columns in each.

    data/train-00000-of-00001.parquet   seed_id, stratum, messages, gold, score, answered_by, and where some row has them: tools, id
    data/valid-…, data/test-…           the same; a test row's messages end with the question, and `gold` is its known answer,
                                        which no training row has: an answer that people gave is its last message, answered_by gold
    README.md                           the card, which `hub_card` writes

`messages` is a list of turns {role, content}, with name, weight, tool_calls and tool_call_id where some turn has them; `tools`, `gold`
and the arguments of calls are JSON in a text, since a column has one form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distill.atomic_write import write_parquet
from distill.records import Json
from distill.student.formats.row import TrainingRow

if TYPE_CHECKING:
    import polars as pl

SPLITS = ("train", "valid", "test")
DATA = "data/{}-00000-of-00001.parquet"
_OF_TURNS = ("name", "weight", "tool_call_id", "tool_calls")
_OF_ROWS = ("tools", "id")
HubRow = dict[str, Json]


def training(row: TrainingRow, sample: Mapping[str, Json], own_id: str | None) -> HubRow:
    """A row of the splits train and valid; `sample` is its row of samples.parquet, `own_id` what its own file calls it."""
    return {
        "seed_id": row.seed_id, "stratum": sample["stratum"], "messages": list(row.messages), "gold": None,
        "score": sample["score"], "answered_by": sample["model"], "tools": _text(list(row.tools)), "id": own_id,
    }  # fmt: skip


def test(row: Mapping[str, Json], stratum: str) -> HubRow:
    """A row of the split test, from a line of test.jsonl."""
    return {
        "seed_id": row["seed_id"], "stratum": stratum, "messages": row["messages"], "gold": _text(row["gold"]),
        "score": None, "answered_by": None, "tools": _text(row.get("tools")), "id": row.get("id"),
    }  # fmt: skip


def write(folder: Path, splits: Mapping[str, Iterable[HubRow]]) -> dict[str, int]:
    """Write a file for each split that has rows; returns the rows of each file. One that an earlier export left goes."""
    rows = {split: list(splits.get(split, ())) for split in SPLITS}
    turns = [turn for some in rows.values() for row in some for turn in row["messages"]]
    schema = _schema(
        [name for name in _OF_TURNS if any(turn.get(name) is not None for turn in turns)],
        [name for name in _OF_ROWS if any(row.get(name) is not None for some in rows.values() for row in some)],
    )
    written = {}
    for split, some in rows.items():
        file = DATA.format(split)
        if some:
            write_parquet(folder / file, _table(some, schema))
            written[file] = len(some)
        else:
            (folder / file).unlink(missing_ok=True)
    return written


def _schema(of_turns: Sequence[str], of_rows: Sequence[str]) -> dict[str, pl.DataType]:
    import polars as pl

    call = pl.Struct(
        {"id": pl.String(), "type": pl.String(), "function": pl.Struct({"name": pl.String(), "arguments": pl.String()})}
    )
    kinds: dict[str, pl.DataType] = {
        "name": pl.String(), "weight": pl.Int64(), "tool_call_id": pl.String(), "tool_calls": pl.List(call),
    }  # fmt: skip
    turn = pl.Struct({"role": pl.String(), "content": pl.String(), **{name: kinds[name] for name in of_turns}})
    return {
        "seed_id": pl.String(), "stratum": pl.String(), "messages": pl.List(turn), "gold": pl.String(),
        "score": pl.Float64(), "answered_by": pl.String(), **dict.fromkeys(of_rows, pl.String()),
    }  # fmt: skip


def _table(rows: Sequence[HubRow], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame({name: pl.Series(name, [row.get(name) for row in rows], kind) for name, kind in schema.items()})


def _text(value: Json) -> str | None:
    """A JSON value as a text; a plain text stays as it is, and nothing is none."""
    if value is None or value == []:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
