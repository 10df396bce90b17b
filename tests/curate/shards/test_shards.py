"""Shards in a folder read as one table, and their marked rows as the leak checks read them."""

from pathlib import Path

import numpy as np
import polars as pl

from distill.curate.leaks import InMemory
from distill.curate.shards.shards import Shards, StoredRows, write

COLUMNS = ("input", "answer", "tool_calls")
TABLE = pl.DataFrame({name: [f"{name} {n}" for n in range(11)] for name in COLUMNS})


def shards(folder: Path) -> Shards:
    return write(folder, [TABLE[0:4], TABLE[4:5], TABLE[5:11]])


def test_one_after_the_other_they_are_the_table(tmp_path: Path) -> None:
    shards(tmp_path)
    found = Shards.of(tmp_path)
    assert found.height == TABLE.height
    assert [start for start, _ in found.each()] == [0, 4, 5]
    assert pl.concat([frame for _, frame in found.each()]).equals(TABLE)
    assert found.column("answer").to_list() == TABLE["answer"].to_list()


def test_marked_rows_read_as_those_in_memory(tmp_path: Path) -> None:
    marks = np.arange(11) % 3 != 1
    stored, whole = StoredRows.marked(shards(tmp_path), marks), InMemory(TABLE.filter(pl.Series(marks)))
    assert stored.height == whole.height
    assert stored.slice(1, 5, COLUMNS).equals(whole.slice(1, 5, COLUMNS))
    assert [stored.cells(at, ("answer",)) for at in (6, 0, 3)] == [whole.cells(at, ("answer",)) for at in (6, 0, 3)]
