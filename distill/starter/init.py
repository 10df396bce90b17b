"""`distill init --from FILE`: looks at the file, proposes a task and writes it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from distill import extras, url
from distill.atomic_write import write_atomic
from distill.errors import Fault, SpecError, UsageError
from distill.records import Json
from distill.seeds.chat_logs.chats import row_of
from distill.seeds.formats.file_format import Notes, RawRow
from distill.seeds.formats.rows import matching_files, read_rows
from distill.starter import schema
from distill.starter.columns import columns_of, object_of
from distill.starter.proposal import Proposal, propose
from distill.starter.task_files import Models, chat_files, row_files
from distill.teacher.endpoint import embedded

_LOOKED_AT = 20_000
"""Rows that are looked at."""
_FEWEST = 10
_DEFAULT = "gpt-6-luna"
"""The teacher where none is named and the embedded model is not installed."""


@dataclass(frozen=True, slots=True)
class Written:
    """The files of a new task, and what was taken for granted."""

    files: Sequence[Path]
    said: Sequence[str]


def init(
    source: Path, folder: Path | None = None, *, input_column: str | None = None, answer_column: str | None = None,
    teacher: str | None = None, base_url: str | None = None,
) -> Written:  # fmt: skip
    """Write a task for the rows of `source` into `folder`, by default one of the file's name beside where you are.

    UsageError where the file has no rows to use, a column is not there, or only a person can tell which is meant.
    """
    folder = folder or Path(task_name(source.name))
    notes: Notes = []
    rows = _rows(source, notes)
    models = _models(teacher, base_url)
    relative = Path(os.path.relpath(source.resolve(), folder.resolve())).as_posix()
    if chats := _are_chats(rows) and input_column is None:
        files, said = (
            chat_files(task_name(folder.resolve().name), relative, _of_text(models)),
            ["the rows are logged chats"],
        )
    else:
        proposal = propose(columns_of(rows), len(rows), input_column=input_column, answer_column=answer_column)
        form = _schema(proposal, rows)
        closed = proposal.kind in ("label", "object", "number")
        files = row_files(
            task_name(folder.resolve().name), relative, proposal, form, models if closed else _of_text(models)
        )
        said = list(proposal.taken)
    return Written(write_files(folder, files), [*notes, f"{len(rows):,} {'chats' if chats else 'rows'} read", *said])


def _rows(source: Path, notes: Notes) -> list[RawRow]:
    faults: list[Fault] = []
    found: list[RawRow] = []
    for path in matching_files([source], faults):
        for _, row in read_rows(path, faults, notes=notes):
            if isinstance(row, Mapping) and len(found) < _LOOKED_AT:
                found.append(row)
    if faults:
        raise SpecError(str(source), faults)
    if len(found) < _FEWEST:
        raise UsageError(f"{source} has {len(found)} rows that can be read; a task needs at least {_FEWEST}")
    return found


def _are_chats(rows: Sequence[RawRow]) -> bool:
    """Whether nearly all rows are logged chats with an answer; a table with the columns `question` and `answer` is a table."""
    some = rows[:200]
    if not any(isinstance(value, list | dict) for row in some for value in row.values()):
        return False
    return sum(_is_chat(row) for row in some) >= 0.9 * len(some)


def _is_chat(row: RawRow) -> bool:
    try:
        return bool(row_of(row).get("reply"))
    except ValueError:
        return False


def _schema(proposal: Proposal, rows: Sequence[RawRow]) -> dict[str, Json] | None:
    """The schema of an answer; None where it is a text."""
    name = proposal.answer or ""
    match proposal.kind:
        case "label":
            return schema.of_label(schema.field_name(name), proposal.values)
        case "number":
            return schema.of_number(schema.field_name(name))
        case "object":
            return schema.of_objects([found for row in rows if (found := object_of(row.get(name))) is not None])
        case _:
            return None


def _models(teacher: str | None, base_url: str | None) -> Models:
    """What is here decides: the embedded model teaches where it is installed, and a language model is tuned where that can be."""
    if base_url is not None and (wrong := url.wrong(base_url)):
        raise UsageError(f"--base-url {wrong}")
    here = not extras.missing("embedded")
    tunes = here and not extras.missing("train")
    model = teacher or (embedded.MODEL if here and base_url is None else _DEFAULT)
    return Models(model, base_url, "lora" if tunes else "linear", embedded.MODEL)


def _of_text(models: Models) -> Models:
    """The same for answers that are texts, which no linear model learns."""
    return models if models.student == "lora" else Models(models.teacher, models.base_url, "none", models.base)


def task_name(name: str) -> str:
    """A task's name from that of a file or a folder."""
    stem = re.sub(r"(\.(jsonl|ndjson|json|csv|tsv|parquet))?(\.gz)?$", "", name.lower())
    return re.sub(r"[^a-z0-9.]+", "-", stem).strip("-.")[:63] or "my-task"


def write_files(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write the files of a new task; UsageError where one of them is there already."""
    there = [file for file in sorted(files) if (folder / file).exists()]
    if there:
        raise UsageError(f"{folder} already holds {', '.join(there)}; nothing was written, give a new folder")
    try:
        for file, text in sorted(files.items()):
            write_atomic(folder / file, text.encode())
    except OSError as fault:
        raise UsageError(f"{folder}: nothing can be written there ({fault.strerror}); give a new folder") from None
    return [folder / file for file in sorted(files)]
