"""The rows that one JSON object holds: a list of them under some name, columns, or itself.

{"data": [{…}, …]}    {"columns": […], "data": [[…], …]}    {"message": ["…", …]}    {"message": {"0": "…", …}}    {"0": {"message": "…"}, …}
"""

from __future__ import annotations

from collections.abc import Mapping

from distill.records import Json
from distill.seeds.formats.file_format import BadFile, RawRow

ROWS = (
    "data", "rows", "examples", "train", "test", "validation", "items", "records", "results", "instances", "samples",
    "dataset", "questions", "entries", "logs",
)  # fmt: skip
"""What a list of rows is called."""
_TURNS = ("messages", "conversations", "conversation", "contents", "history", "choices", "tools", "functions")
"""Lists that one chat has: an object with one of them is a row."""

_WRAPPERS = (
    ("row", ("row_idx",)),  # a data set's viewer
    ("_source", ("_index",)),  # a search index
    ("data", ("annotations", "predictions", "completions")),  # Label Studio
    ("fields", ("responses", "suggestions", "records")),  # Argilla
)
"""The object that holds a row's columns, and what stands beside it where it does."""


def rows_of(value: Mapping[str, Json]) -> list[Json]:
    """The rows; BadFile where it holds several lists of them."""
    if any(isinstance(value.get(name), list) for name in _TURNS):
        return [value]
    names = value.get("columns")
    table = value.get("data")
    if isinstance(names, list) and isinstance(table, list) and all(isinstance(row, list) for row in table):
        return [dict(zip(map(str, names), row, strict=False)) for row in table]
    lists = {name: rows for name, rows in value.items() if _is_rows(rows)}
    named = [name for name in lists if name in ROWS] or list(lists)
    if len(named) > 1:
        raise BadFile(
            f"holds {len(named)} lists of rows ({', '.join(named)}), expected one; write each to a file of its own"
        )
    if named:
        return list(lists[named[0]])
    return _of_columns(value) or [value]


def unwrapped(row: Mapping[str, Json]) -> RawRow:
    """A row with the columns of the object that an export puts around it; a column of the row's own is never replaced."""
    for name, beside in _WRAPPERS:
        inside = row.get(name)
        if isinstance(inside, Mapping) and any(mark in row for mark in beside):
            return dict(inside) if name == "row" else {**inside, **row}
    return dict(row)


def _is_rows(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _of_columns(value: Mapping[str, Json]) -> list[Json]:
    """The rows of columns of one length; none where it is no table."""
    columns = list(value.values())
    if not columns or not columns[0]:
        return []
    if all(isinstance(row, Mapping) for row in columns) and all(map(str.isdigit, value)):
        return columns if not all(map(str.isdigit, columns[0])) else []
    if all(isinstance(column, Mapping) and column.keys() == columns[0].keys() for column in columns):
        return [{name: column[key] for name, column in value.items()} for key in columns[0]]
    if all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
        return [dict(zip(value, cells, strict=True)) for cells in zip(*columns, strict=True)]
    return []
