"""Every fault of the Batch API, by name, and which batch and which rows meet it.

    error-rows=0.1        a tenth of the rows of every batch
    error-rows@2=0.1      ... of the second batch only
    expired@30%=0.5       30 % of the batches expire with half of their rows undone
    create-lost           every create; create-lost@1 the first; create-lost@30% so many of them

Batches and uploads count from 1 in the order they are made. Rows and shares are drawn by the seed, the batch's number
and the fault's name, so a rehearsal can be repeated and a row sent again meets fresh luck.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

BATCH_FAULTS: dict[str, str] = {
    # around upload and create
    "upload-lost": "the upload is kept, and the connection breaks before the reply",
    "create-lost": "the batch is made, and the connection breaks before the reply: the client never learns its id",
    "create-500": "the batch is made, and the reply is a 500",
    "no-metadata": "no reply and no list ever has the batch's metadata",
    "pending-file": "the uploaded file is pending for its first polls, and a batch made from it meanwhile is a 400",
    # validation
    "invalid-lines": "rows: these lines fail validation, each named in `errors.data`",
    "token-limit": "the batch fails with token_limit_exceeded, whatever is enqueued",
    # polling
    "poll-500": "the second poll gets a 500",
    "lost-once": "the second poll gets a 404",
    "odd-words": "states have other names: IN_PROGRESS, SUCCEEDED, JOB_STATE_EXPIRED, Canceled",
    "lost": "from the second poll on the batch is a 404 and in no list; it is billed anyway",
    # how it ends
    "all-errors": "the batch completes without an output file: every row is in the error file",
    "expired": "rows: these are unfinished when the window closes; the rest is in the output file, and billed",
    "cancelled": "rows: the host cancels the batch with these unfinished; the rest is in the output file, and billed",
    "empty-ids": "file ids that should be null are empty strings",
    # what is in the files
    "error-rows": "rows: these are in the error file with 400, 429 or 500, not billed",
    "errors-in-output": "rows with errors are in the output file, and there is no error file",
    "status-0": "rows: these are in the output file with status_code 0 and no body, not billed",
    "string-body": "rows: `response.body` is a JSON string instead of an object",
    "missing-rows": "rows: these are in no file and not billed, though the batch completes",
    "unknown-ids": "rows: this many more, with custom_ids that were never sent",
    "duplicate-rows": "rows: these are written twice, billed once",
    "shuffled": "the rows are in another order",
    "blank-line": "the files end with a blank line",
    "line-separators": "rows: the answers begin with raw U+2028, U+0085 and U+2029",
    "surrogate": "rows: the answers begin with half an emoji, as an escape",
    # downloads
    "cut-download": "the first download of each file ends before its content-length",
    "cut-silent": "the first download of each file ends in the middle, with no content-length and no error",
    "cut-gzip": "the first download of each file is gzip that ends in the middle, with a content-length that matches",
    "file-gone": "the result files are a 404 at every download; their rows are billed anyway",
}
"""Name → what happens. Where the sentence begins with `rows:`, the share is of the rows."""

ODD_WORDS = {
    "validating": "Validating",
    "in_progress": "IN_PROGRESS",
    "finalizing": "in-progress",
    "completed": "SUCCEEDED",
    "failed": "Error",
    "expired": "JOB_STATE_EXPIRED",
    "cancelling": "CANCELLATION_REQUESTED",
    "cancelled": "Canceled",
}
"""Other hosts' words for the states."""
PENDING_LOOKS = 2
"""Looks that find a `pending-file` unread."""
LOOK = 2
"""The look at a batch that `poll-500`, `lost-once` and `lost` spoil."""


@dataclass(frozen=True, slots=True)
class BatchFault:
    """One fault: in the `order`-th batch, or in a share of the `batches`; of its rows so many."""

    name: str
    order: int | None = None
    batches: float = 1.0
    rows: float = 1.0

    def __post_init__(self) -> None:
        if self.name not in BATCH_FAULTS:
            raise ValueError(f"no batch fault {self.name!r}; there are {', '.join(BATCH_FAULTS)}")
        if not 0 < self.rows <= 1 or not 0 < self.batches <= 1 or (self.order is not None and self.order < 1):
            raise ValueError(f"batch fault {self.name!r}: shares go from above 0 to 1, the order from 1")
        if self.rows < 1 and not BATCH_FAULTS[self.name].startswith("rows:"):
            raise ValueError(
                f"batch fault {self.name!r} is not of rows; for a share of the batches say {self.name}@30%"
            )

    def meets(self, number: int, seed: int) -> bool:
        """Whether the batch or upload of this number walks into it."""
        if self.order is not None:
            return number == self.order
        return _luck(seed, number, self.name).random() < self.batches


def batch_fault(given: str) -> BatchFault:
    """`expired@30%=0.5` → Trap("expired", batches=0.3, rows=0.5); ValueError for anything that is none."""
    name, _, rows = given.partition("=")
    name, _, where = name.partition("@")
    try:
        return BatchFault(
            name,
            order=int(where) if where and not where.endswith("%") else None,
            batches=float(where[:-1]) / 100 if where.endswith("%") else 1.0,
            rows=float(rows) if rows else 1.0,
        )
    except ValueError as fault:
        if "batch fault" in str(fault):
            raise
        raise ValueError(f"{given!r}: expected NAME, NAME@2, NAME@30% or NAME=SHARE, e.g. error-rows=0.1") from None


def met(batch_faults: tuple[BatchFault, ...], number: int, seed: int) -> dict[str, float]:
    """The faults of this batch, each with its share of rows."""
    return {one.name: one.rows for one in batch_faults if one.meets(number, seed)}


def drawn(name: str, share: float, *, total: int, number: int, seed: int) -> frozenset[int]:
    """The rows of a batch that meet a fault: the share of them, where that is a part of a row by luck.

    So a tenth of a batch of one row is that row in one batch of ten, and a rehearsal comes to an end.
    """
    luck = _luck(seed, number, f"{name} rows")
    whole, part = divmod(share * total, 1)
    return frozenset(luck.sample(range(total), int(whole) + (luck.random() < part)))


def order(total: int, *, number: int, seed: int) -> list[int]:
    return _luck(seed, number, "shuffled rows").sample(range(total), total)


def _luck(seed: int, number: int, what: str) -> random.Random:
    return random.Random(f"{seed} {number} {what}")  # noqa: S311 - a rehearsal that can be repeated, not a secret
