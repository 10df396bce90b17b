"""Labels by rule: an SQL expression over a row's columns, such as `CASE WHEN LENGTH(message) > 200 THEN 'long' ELSE 'short' END`.

A rule sees one row and nothing else. polars opens a file as soon as an expression with a subquery is only parsed, so a
text that names one of its readers never gets that far; and what looks at other rows, or at the clock, is refused, since a
label must not change with the rows beside it. Its length, its nesting, and how much longer it makes a text are limited: polars
would take the process down with it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.errors import Fault
from distill.records import Json
from distill.text.normalise import did_you_mean, storable

_READS = re.compile(r"(read|scan)_(avro|csv|delta|iceberg|ipc|json|lines|ndjson|parquet)", re.IGNORECASE)
_LENGTH, _DEPTH, _PADDED = 4000, 200, 10_000
_BRACKETS = 40
"""Inside each other; from some 50 on the parser tries for ever."""
_WILDCARDS, _REPEATS = 100, 1000
"""Of one pattern: more take minutes on a long text."""
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_REPEAT = re.compile(r"\{(\d{1,9}),?(\d{0,9})\}")
_RANGE = ".int_ranges("
_FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What polars raises; its panics are no `Exception`."""
_GROWTH = 100
"""How many times as long as the row's texts a text may become on the way to a label."""
_COUNT = re.compile(r"dyn int: (\d+)")
_SUBQUERY = "'Expr: .subplan("
_MORE = "it looks at more than one row; a rule computes a row's label from that row alone"


@dataclass(frozen=True, slots=True)
class SqlLabel:
    """The label that a rule gives, and the columns that it looks at."""

    label: str
    expression: pl.Expr
    columns: tuple[str, ...]


def parse(rules: Mapping[str, str], *, columns: Collection[str]) -> tuple[list[SqlLabel], list[Fault]]:
    """The rules that can be used, and what is wrong with the others; nothing is read or computed."""
    found, faults = [], []
    for label, text in rules.items():
        try:
            found.append(_parsed(label, text, columns))
        except ValueError as error:
            faults.append(Fault(f"strata.labels.{label}", f"{text[:80]!r}: {error}"))
    return found, faults


def _parsed(label: str, text: str, columns: Collection[str]) -> SqlLabel:
    if _READS.search(text):
        raise ValueError("a rule reads no files; it is one expression over the columns of a row")
    if len(text) > _LENGTH:
        raise ValueError(f"{len(text):,} characters, expected at most {_LENGTH:,}; make it a column of the seeds")
    _patient(text)
    try:
        expression, again = pl.sql_expr(text), pl.sql_expr(text)
        _limited(expression)
        names = list(dict.fromkeys(expression.meta.root_names()))
    except (*_FAULTS, OSError) as error:
        raise ValueError(f"no SQL expression over a row: {_first_line(error)}") from None
    if any(name.startswith("_POLARS_") for name in names) or (
        set(names) <= set(columns) and _subquery(expression, columns)
    ):
        raise ValueError("no SQL expression over a row: a rule has no subquery")
    unknown = [name for name in names if name not in columns]
    if any(name.upper() == "CASE" for name in unknown):  # to polars it is a column where nothing follows it
        raise ValueError("the CASE is incomplete; expected CASE WHEN … THEN … ELSE … END")
    if unknown:
        raise ValueError("; ".join(f"no column {name!r}{did_you_mean(name, columns)}" for name in unknown))
    if not names or expression.meta.has_multiple_outputs():
        raise ValueError(f"it looks at no column, so it cannot tell rows apart; columns are {', '.join(columns)}")
    if not _by_row(expression):
        raise ValueError(_MORE)
    if not expression.meta.eq(again):
        raise ValueError("it looks at the clock, so a row's label would change from run to run")
    return SqlLabel(label, expression, tuple(names))


def _patient(text: str) -> None:
    """ValueError where the parser, or a pattern on a long text, would take minutes."""
    depth = deepest = 0
    for letter in _TEXT.sub("", text):
        depth += (letter in "([") - (letter in ")]")
        deepest = max(deepest, depth)
    if deepest > _BRACKETS:
        raise ValueError(f"brackets {deepest} deep, expected at most {_BRACKETS}; make it a column of the seeds")
    for pattern in _TEXT.findall(text):
        repeats = math.prod(max(1, int(most or least)) for least, most in _REPEAT.findall(pattern))
        if repeats > _REPEATS or sum(pattern.count(wildcard) for wildcard in "%_*+?") > _WILDCARDS:
            raise ValueError(
                f"the pattern '{pattern[:40]}' repeats too much: expected at most {_WILDCARDS} wildcards and {_REPEATS:,} "
                "counted repeats, those inside each other multiplied"
            )


def _limited(expression: pl.Expr) -> None:
    """ValueError where parts lie too deep in each other, a text is padded to a length that is no small number, or grows."""
    parts = [(expression, 1)]
    while parts:
        part, depth = parts.pop()
        if depth > _DEPTH:
            raise ValueError(
                f"more than {_DEPTH} operators in a row or inside each other; write IN (…) or one pattern, or make it a "
                "column of the seeds"
            )
        inputs = part.meta.pop()
        if str(part).startswith(f"{inputs[-1]}{_RANGE}" if inputs else _RANGE):
            raise ValueError("it makes a range of numbers, which a row decides the length of; a label is one value")
        parts += [(one, depth + 1) for one in inputs]
        if len(inputs) == 2 and str(part).startswith(f"{inputs[1]}.str.pad_"):
            count = _COUNT.fullmatch(str(inputs[0]))
            if count is None or int(count[1]) > _PADDED:
                raise ValueError(f"LPAD and RPAD take a plain number up to {_PADDED:,} as the length")
    if _growth(expression) > _GROWTH:
        raise ValueError(
            f"it makes a text more than {_GROWTH} times as long as the row's; look for a word with LIKE, or make it a "
            "column of the seeds"
        )


def _growth(expression: pl.Expr) -> int:
    """How many times as long as the longest text of the row the result can be; ValueError where the row itself decides."""
    inputs, spelt = expression.meta.pop(), str(expression)
    if not inputs:
        return 1
    longest = [_growth(part) for part in inputs]
    rest = spelt.removeprefix(str(inputs[-1]))
    if rest.startswith(".str.replace_all("):
        text, by = _plain(inputs[1]), _plain(inputs[0])
        return longest[-1] * max(1, -(-len(by) // len(text)) if text else len(by) + 1)
    if rest.startswith(".list.join("):
        return longest[-1] * (len(_plain(inputs[0])) + 1)
    joins = rest.startswith(".str.concat_horizontal(") or (spelt.startswith("[(") and f") + ({inputs[0]})" in spelt)
    return sum(longest) if joins and max(longest) > 1 else max(longest)


def _plain(part: pl.Expr) -> str:
    """The text that is written there, between its quotes."""
    if part.meta.pop() or not part.meta.is_literal():
        raise ValueError("REPLACE and ARRAY_TO_STRING take plain texts, not columns, as what they put in or look for")
    return str(part)[1:-1]


def _subquery(expression: pl.Expr, columns: Collection[str]) -> bool:
    """Whether there is one: that shows only when the expression is put to use. What types it takes is for `labels` to
    say, which has the values.
    """
    for kind in (pl.String, pl.Int64):
        try:
            pl.LazyFrame(schema=dict.fromkeys(columns, kind)).select(expression).collect_schema()
        except (*_FAULTS, OSError) as error:
            if _SUBQUERY in _first_line(error):
                return True
    return False


def _by_row(expression: pl.Expr) -> bool:
    """Whether each row's value hangs on that row alone: polars tells it of an expression as a whole, but not of an
    aggregate inside a comparison.
    """
    meta = expression.meta
    inputs = meta.pop()
    if not inputs:
        return meta.is_column() or meta.is_literal()
    try:
        by_row = meta.is_row_separable() and not (meta.root_names() and meta.is_scalar())
    except pl.exceptions.ColumnNotFoundError:  # polars cannot tell where there is an IN below; `labels` looks again
        by_row = True
    return by_row and all(_by_row(part) for part in inputs if not str(part).startswith("Series"))


def labels(rule: SqlLabel, columns: Mapping[str, Sequence[Json]]) -> list[str | None]:
    """What a rule gives for each row, as text; None where it gives nothing. ValueError where it fails as a whole."""
    try:
        frame = pl.DataFrame([pl.Series(name, columns[name], strict=False) for name in rule.columns])
        given = _given(rule, frame)
        middle = frame.height // 2
        if len(given) != frame.height or given != _given(rule, frame[:middle]) + _given(rule, frame[middle:]):
            raise ValueError(_MORE)
    except (*_FAULTS, TypeError, OverflowError) as error:
        raise ValueError(_first_line(error)) from None
    return [None if value is None or value == "" else storable(value) for value in given]


def _given(rule: SqlLabel, frame: pl.DataFrame) -> list[str | None]:
    return frame.select(rule.expression.cast(pl.String)).to_series().to_list()


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0][:200]
