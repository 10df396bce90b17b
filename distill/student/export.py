"""The kept samples as the files a tuner reads: chat JSONL, and the same rows as Parquet.

    train.jsonl, valid.jsonl   {"messages": [{"role": "system", …}, {"role": "user", …}, {…"assistant"…}]}, and "tools"
                               where the task or the row has some, with the row's "parallel_tool_calls"; an assistant's
                               turn before the last has "weight": 0, so that only the teacher's answer trains; with
                               seeds.turns: every those of the conversation have 1
    test.jsonl                 {"seed_id": …, "messages": [system, user], "gold": {…} or null}, and what the row is asked with
    dataset.parquet            seed_id, teacher (-1: gold), kind (null: gold), draw, stratum, fate, prompt (the turns as JSON), answer, tool_calls,
                               score, and, where some row brings it, reasoning (with teacher.reasoning: keep), request (what it is asked
                               with, as JSON) and id (its own);
                               then the columns that `seeds.keep` names

The same rows go into the formats of other trainers (`distill.student.formats`) by one loop, `write_format`: every row is written, or
refused by its seed_id with the reason.

Equal samples give equal bytes: rows are sorted by (seed_id, teacher, kind, draw), lines end in "\\n", and no character that
some reader takes for a line break, nor half a surrogate pair, stands in a line unescaped.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from distill.atomic_write import write_atomic, write_parquet
from distill.chat.conversation import training_row
from distill.errors import UsageError
from distill.records import Json
from distill.student.formats.row import CannotHold, PreferenceRow, TrainingRow
from distill.tables.outcome import ordered
from distill.text.normalise import one_line, storable

if TYPE_CHECKING:
    import polars as pl

_TEST = ("seed_id", "messages", "gold")
R = TypeVar("R", TrainingRow, PreferenceRow)
ORIGINS = "origins.jsonl"
"""Beside preference pairs: where each comes from, a line a pair."""
REFUSED = "refused.jsonl"
"""Beside a format that cannot hold some rows: which, and why."""


@dataclass(slots=True)
class WrittenFormat:
    """A format's folder: the rows of each file of rows, what else stands there, and the rows that the format cannot hold."""

    format: str
    folder: Path
    rows: dict[str, int] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    """seed_id, file, why."""


class _NoRowError(Exception):
    """A file would be empty."""


def line(value: Json) -> bytes:
    """`value` as one line of JSON, its line end included; the line holds no other line break, by anyone's reading."""
    return one_line(storable(json.dumps(value, ensure_ascii=False, allow_nan=False))).encode() + b"\n"


def write(
    samples: pl.DataFrame, *, folder: Path, tools: Sequence[Mapping[str, Json]] = (),
    own: Mapping[str, Mapping[str, Json]] | None = None, ids: Mapping[str, str] | None = None,
    kept: Mapping[str, Mapping[str, Json]] | None = None, examples: tuple[int, int] | None = None,
) -> dict[str, int]:  # fmt: skip
    """Write train.jsonl, valid.jsonl and dataset.parquet; returns the rows of each fate. Dropped rows are left out.

    `own` is what seeds are asked with themselves: their tools take the place of the task's; `ids` what their own files call them, and
    `kept` further columns of theirs, which get a name of their own where the dataset has one so called.
    `examples` is given where every turn of a conversation trains, as `training_row` takes it.
    """
    import polars as pl

    rows = ordered(samples.filter(pl.col("fate").is_in(["train", "valid"])))
    if "reasoning" not in rows.columns:  # of a run made before it could be kept
        rows = rows.with_columns(reasoning=pl.lit(""))
    own, counts = own or {}, {}
    for fate in ("train", "valid"):
        part = rows.filter(pl.col("fate") == fate)
        write_atomic(folder / f"{fate}.jsonl", chat_lines(part, tools=tools, own=own, examples=examples))
        counts[fate] = part.height
    columns = ["seed_id", "teacher", "kind", "draw", "stratum", "fate", "prompt", "answer", "tool_calls", "score"]
    if (rows["reasoning"] != "").any():
        columns = [*columns, "reasoning"]
    if own:
        spelt = [json.dumps(own[seed], ensure_ascii=False) if seed in own else None for seed in rows["seed_id"]]
        rows, columns = rows.with_columns(request=pl.Series(spelt, dtype=pl.String)), [*columns, "request"]
    if ids:
        named = pl.Series([ids.get(seed) for seed in rows["seed_id"]], dtype=pl.String)
        rows, columns = rows.with_columns(id=named), [*columns, "id"]
    more = _columns([(kept or {}).get(seed, {}) for seed in rows["seed_id"]], taken=columns)
    write_parquet(folder / "dataset.parquet", rows.select(columns).with_columns(more))
    return counts


def chat_lines(
    rows: pl.DataFrame, *, tools: Sequence[Mapping[str, Json]], own: Mapping[str, Mapping[str, Json]],
    examples: tuple[int, int] | None = None,
) -> Iterator[bytes]:  # fmt: skip
    """Rows of samples.parquet as lines of train.jsonl, in their order; `tools`, `own` and `examples` as for `write`."""
    import polars as pl

    if "reasoning" not in rows.columns:  # of a run made before it could be kept
        rows = rows.with_columns(reasoning=pl.lit(""))
    for seed, prompt, answer, calls, thought in rows.select(
        "seed_id", "prompt", "answer", "tool_calls", "reasoning"
    ).iter_rows():
        yield line(
            training_row(json.loads(prompt), answer, calls, thought, examples) | _called_with(tools, own.get(seed))
        )


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


def write_format(
    name: str, rows: Mapping[str, Iterable[R]], row: Callable[[R], dict[str, Json]], *, folder: Path,
    beside: Callable[[Sequence[str]], Mapping[str, bytes]] | None = None,
) -> WrittenFormat:  # fmt: skip
    """Write `<fate>.jsonl` of each fate that has rows, and what stands beside them. Where none of the first fate's rows fits it is a
    UsageError, and nothing is written. Files of an earlier export that this one has not are taken away.
    """
    made, origins = WrittenFormat(name, folder), list[Json]()
    for fate, given in rows.items():
        try:
            write_atomic(folder / f"{fate}.jsonl", _lines(made, f"{fate}.jsonl", given, row, origins))
        except _NoRowError:
            if not made.rows:
                raise _none_fits(made) from None
            (folder / f"{fate}.jsonl").unlink(missing_ok=True)
    further = dict(beside(list(made.rows)) if beside else {})
    for file, listed in ((ORIGINS, origins), (REFUSED, made.refused)):
        if listed:
            further[file] = b"".join(map(line, listed))
        else:
            (folder / file).unlink(missing_ok=True)
    for file, content in further.items():
        write_atomic(folder / file, content)
    made.beside = list(further)
    return made


def _lines(
    made: WrittenFormat, file: str, given: Iterable[R], row: Callable[[R], dict[str, Json]], origins: list[Json]
) -> Iterator[bytes]:
    """The lines of one file, counted as they are made; `_NoRowError` at the end where there was none."""
    count = 0
    for one in given:
        try:
            said = line(row(one))
        except CannotHold as why:
            made.refused.append({"seed_id": one.seed_id, "file": file, "why": str(why)})
            continue
        count += 1
        if isinstance(one, PreferenceRow):
            origins.append({"file": file, "line": count, **one.origin})
        yield said
    if not count:
        raise _NoRowError
    made.rows[file] = count


def _none_fits(made: WrittenFormat) -> UsageError:
    with suppress(OSError):
        made.folder.rmdir()  # stays where something is in it
    whys = Counter(one["why"] for one in made.refused)
    told = (
        ", ".join(f"{why} ({count} rows)" for why, count in whys.most_common()) or "the dataset has no rows to train on"
    )
    return UsageError(
        f"--format {made.format} can hold no row of this dataset: it has no place for {told}; choose another format"
    )
