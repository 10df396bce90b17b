"""The output and the error file of a batch, written when it ends, in one step with its last state."""

from __future__ import annotations

import contextlib
from pathlib import Path

import orjson

from distill.host.home import Home
from distill.host.serving.batches import input_rows
from distill.host.state import batches, files
from distill.host.state.batches import Batch
from distill.host.state.database import Database
from distill.protocol import batch as shapes
from distill.protocol import ids
from distill.protocol.file import BATCH_OUTPUT

_WORDS = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "This request was not executed, because the batch was cancelled."),
}


def close(db: Database, home: Home, batch: Batch) -> None:
    """Write the files of a batch that is finalizing, cancelling, or in progress with its window closed, and end it."""
    status = {"finalizing": "completed", "cancelling": "cancelled"}.get(batch.status, "expired")
    if status == "expired" and not batch.over:
        return
    if status != "completed":
        _tell_undone(db, home, batch, status)
    output, error = _written(db, home, batch, good=True), _written(db, home, batch, good=False)
    try:
        with db.transaction():
            kept = {
                f"{kind}_file_id": _kept(db, home, batch, kind, path)
                for kind, path in (("output", output), ("error", error))
            }
            batches.move(db, batch.id, status, of=(batch.status,), **kept)
            batches.forget_rows(db, batch.id)
    finally:
        for path in (output, error):
            path.unlink(missing_ok=True)


def _tell_undone(db: Database, home: Home, batch: Batch, status: str) -> None:
    """A line for each request that was not answered."""
    code, message = _WORDS[status]
    done = batches.answered(db, batch.id)
    with contextlib.suppress(OSError):  # the input may have been deleted meanwhile
        for row in input_rows.rows(files.path(home, batch.input_file_id)):
            if batch.total and row.number not in done:
                line = shapes.unanswered_line(
                    identity=ids.new("batch_req_", 32), custom_id=row.custom_id, code=code, message=message
                )
                batches.keep(db, batch.id, row.number, orjson.dumps(line), good=False, tokens=(0, 0))


def _written(db: Database, home: Home, batch: Batch, *, good: bool) -> Path:
    place = files.aside(home)
    with place.open("xb") as file:
        file.writelines(line + b"\n" for line in batches.lines(db, batch.id, good=good))
    return place


def _kept(db: Database, home: Home, batch: Batch, kind: str, path: Path) -> str | None:
    if not path.stat().st_size:
        return None
    name = f"{batch.id}_{kind}.jsonl"
    return files.add(db, home, name, BATCH_OUTPUT, path, lasts_s=batch.output_lasts_s).id
