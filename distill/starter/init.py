"""`distill init --from FILE`: looks at the file, proposes a task and writes it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from distill import extras, url
from distill.atomic_write import write_atomic
from distill.errors import Fault, SpecError, UsageError
from distill.records import Json
from distill.seeds.faults import row_faults
from distill.seeds.formats.file_format import Notes, RawRow
from distill.seeds.formats.rows import matching_files, read_rows
from distill.starter import logged_chats, schema
from distill.starter.columns import columns_of, list_of, object_of
from distill.starter.proposal import Proposal, propose
from distill.starter.task_files import Models, RowSource, files
from distill.teacher.engines import embedded
from distill.text.normalise import web_address

_LOOKED_AT = 20_000
"""Rows that are looked at."""
_FEWEST = 10
_LEFT = "{:,} rows cannot be used and are left out (`broken: drop`); a run lists them"
_CALLS = "the chats call tools, which no model that is trained here learns: the task ends at the dataset (`with: hosted` goes on)"
_DEFAULT = "gpt-6-luna"
"""The teacher where none is named and the embedded model is not installed."""


@dataclass(frozen=True, slots=True)
class Written:
    """The files of a new task, and what was taken for granted."""

    files: Sequence[Path]
    said: Sequence[str]


def init(
    source: Path, folder: Path | None = None, *, inputs: Sequence[str] = (), answer: str | None = None,
    teacher: str | None = None, base_url: str | None = None,
) -> Written:  # fmt: skip
    """Write a task for the rows of `source` into `folder`, by default one of the file's name beside where you are.

    UsageError where the file has no rows to use, a column is not there, or only a person can tell which is meant.
    """
    folder = folder or Path(task_name(source.name))
    name, notes = task_name(folder.resolve().name), list[str]()
    rows, lost = _rows(source, notes)
    models = _models(teacher, base_url)
    chats = None if inputs else logged_chats.chats_of(rows, answer)
    found = _of_table(rows, inputs, answer) if chats is None else _of_chats(chats, answer)
    _enough(source, found.used)
    left_out = lost + len(rows) - len(found.used)
    at = RowSource(
        Path(os.path.relpath(source.resolve(), folder.resolve())).as_posix(), chats=chats is not None,
        system=found.own_prompts, broken=left_out > 0,
    )  # fmt: skip
    if found.calls_tools:
        models = replace(models, student="none")
    said = [
        f"{len(found.used):,} {'rows' if chats is None else 'chats'} read",
        *([_LEFT.format(left_out)] if left_out else []),
    ]
    said += [*found.proposal.taken, *([_CALLS] if found.calls_tools else [])]
    return Written(write_files(folder, files(name, at, found.proposal, found.schema, models)), [*notes, *said])


class _Found(NamedTuple):
    """What the rows of a file turned out to be; `used` are those that a task can use."""

    used: Sequence[RawRow]
    proposal: Proposal
    schema: dict[str, Json] | None
    own_prompts: bool = False
    calls_tools: bool = False


def _of_table(rows: Sequence[RawRow], inputs: Sequence[str], answer: str | None) -> _Found:
    proposal = propose(columns_of(rows), len(rows), inputs=inputs, answer=answer)
    used = [row for row in rows if usable(row, proposal)]
    return _Found(used, proposal, _schema(proposal, used))


def _of_chats(chats: Sequence[RawRow], answer: str | None) -> _Found:
    proposal = logged_chats.propose_chats(chats, answer)
    as_logged = proposal.kind == "label" and proposal.answer == logged_chats.REPLY
    return _Found(
        chats, proposal, None if as_logged else _schema(proposal, chats),
        own_prompts=logged_chats.own_prompts(chats, proposal), calls_tools=logged_chats.call_tools(chats),
    )  # fmt: skip


def _rows(source: Path, notes: Notes) -> tuple[list[RawRow], int]:
    """The first rows of a file, and how many between them cannot be read."""
    faults: list[Fault] = []
    found: list[RawRow] = []
    lost = 0
    for path in matching_files([source], faults):
        for _, row in read_rows(path, faults, notes=notes):
            if len(found) == _LOOKED_AT:
                break
            lost += not isinstance(row, Mapping)
            if isinstance(row, Mapping):
                found.append(row)
    if faults:
        raise SpecError(str(source), [Fault(web_address(one.where) or one.where, one.message) for one in faults])
    _enough(source, found)
    return found, lost


def _enough(source: Path, rows: Sequence[RawRow]) -> None:
    """UsageError where the rows are too few for a task; one that holds only lists is a file of another layout."""
    if len(rows) == 1 and rows[0] and all(isinstance(value, list | dict) for value in rows[0].values()):
        names = ", ".join(list(rows[0])[:6])
        raise UsageError(
            f"{source} holds one object of {len(rows[0])} lists or objects ({names}), expected one list of rows, each an object "
            'with its columns by name: [{"message": "…", "label": "…"}, …]; write it so'
        )
    if len(rows) < _FEWEST:
        raise UsageError(f"{source}: rows that can be used: {len(rows)}; a task needs at least {_FEWEST}")


def usable(row: RawRow, proposal: Proposal) -> bool:
    """Whether a row becomes a seed: its input says something, its labels too, and its known answer can be read."""
    return not row_faults.faults(row, proposal.inputs, {}, proposal.strata, proposal.answer)


def _schema(proposal: Proposal, rows: Sequence[RawRow]) -> dict[str, Json] | None:
    """The schema of an answer; None where it is a text."""
    name = proposal.answer or ""
    values = [row.get(name) for row in rows]
    match proposal.kind:
        case "label":
            return schema.of_label(schema.field_name(name), proposal.values)
        case "number":
            return schema.of_numbers(schema.field_name(name), values)
        case "object":
            return schema.of_objects([found for value in values if (found := object_of(value)) is not None])
        case "list":
            return schema.of_lists(
                schema.field_name(name), [one for value in values if (one := list_of(value)) is not None]
            )
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
