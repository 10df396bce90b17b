"""What a person decided about rows in conflict: conflicts.jsonl, read and written.

A refresh begins with what was decided in the run before it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from distill.atomic_write import write_atomic
from distill.curate.dedup import conflicts
from distill.curate.gates.structure import misfit
from distill.errors import Fault, SpecError
from distill.records import Json
from distill.rundir import RunDir
from distill.seeds import approved
from distill.task.task import Task
from distill.text.normalise import strict_json

FILE = "conflicts.jsonl"


def read_decisions(task: Task, folder: RunDir, parent: RunDir | None = None) -> dict[str, str]:
    """seed_id → the answer that a person decided on, in this run or else in the one that it refreshes.

    SpecError names every line that cannot be read, or whose answer the task's schema refuses.
    """
    path = _source(folder, parent)
    if path is None:
        return {}
    return conflicts.decisions(_text(path), source=str(path), wrong=_wrong(task))


def _source(folder: RunDir, parent: RunDir | None) -> Path | None:
    paths = [one.path / FILE for one in (folder, parent) if one is not None]
    return next((path for path in paths if path.exists()), None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise SpecError(str(path), [Fault(str(path), f"cannot be read: {fault}; save it as UTF-8")]) from None


def _wrong(task: Task) -> Callable[[str], str]:
    """Why an answer does not fit the task's schema; one that calls tools is not the schema's to judge."""
    if task.output is None:
        return lambda _: ""
    unfit = misfit(task.output)
    return lambda answer: "" if approved.as_answer(approved.as_gold(answer))[1] else unfit(answer)


def write_conflicts(folder: RunDir, parent: RunDir | None, undecided: Sequence[Mapping[str, Json]]) -> None:
    """List rows for a person in conflicts.jsonl, after the lines that are decided, which stay as they were written."""
    source = _source(folder, parent)
    lines = [line.strip() for line in _text(source).split("\n") if line.strip()] if source else []
    decided = [line for line in lines if strict_json(line)["right"] is not None]
    seeds = {strict_json(line)["seed_id"] for line in decided}
    rows = [json.dumps(row, ensure_ascii=False) for row in undecided if row["seed_id"] not in seeds]
    if rows or source is not None:
        write_atomic(folder.path / FILE, "".join(line + "\n" for line in (*decided, *rows)).encode())
