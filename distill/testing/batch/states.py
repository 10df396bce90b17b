"""Batches and their states, by the clock: what a look finds is what would have happened by now.

    validating ──► in_progress ──► finalizing ──► completed
        └► failed      ├──────────────► expired         (the window closed)
                       └► cancelling ──► cancelled

Nothing runs in between: each look answers the rows that are due by its time, so a rehearsal in which nobody waits
gives the same as one that does. `hours` is how long a batch's rows take, spread evenly; where `expired` or `cancelled`
is met, the undone ones are never due.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from distill.protocol import batch as shapes
from distill.protocol.batch import ENDED, fault
from distill.records import Json
from distill.testing.batch import faults
from distill.testing.batch.faults import BatchFault
from distill.testing.batch.files import CUTS, Clock, File, Files
from distill.testing.batch.row_outcomes import RowOutcomes, outcomes_of
from distill.testing.batch.rows import rows_of
from distill.testing.dialects.draw import Dialects
from distill.testing.ledger import Bill, Ledger


@dataclass(frozen=True, slots=True)
class BatchScript:
    """How files and batches behave; times are of the clock, which passes `hurry` times as fast as a real one."""

    hurry: float = 1.0
    hours: float = 1.0
    validating_s: float = 60.0
    finalizing_s: float = 60.0
    """Also what a cancelled batch takes from cancelling to cancelled."""
    window_hours: float = 24.0
    enqueued_tokens: int | None = None
    """The most prompt tokens that the batches of a model may hold before they end; more, and a batch fails."""
    most_rows: int = 50_000
    most_bytes: int = 200 * 10**6
    batch_faults: tuple[BatchFault, ...] = ()


@dataclass(slots=True)
class ServedBatch:
    """One batch; `at` has the time of each state it reached or, for `expires_at`, may reach."""

    id: str
    number: int
    endpoint: str
    input_file_id: str
    window: str
    metadata: dict[str, str] | None
    met: dict[str, float]
    created_at: float
    total: int
    tokens: int
    model: str | None
    errors: list[dict[str, Json]]
    work: RowOutcomes | None
    """Until it has ended; None from the start where it will fail."""
    lasts_s: float | None
    status: str = "validating"
    at: dict[str, float] = field(default_factory=dict)
    output: File | None = None
    error: File | None = None
    usage: tuple[int, int] = (0, 0)
    counts: tuple[int, int] = (0, 0)
    looks: int = 0

    @property
    def lost(self) -> bool:
        """Whether it is in no list any more."""
        return "lost" in self.met and self.looks >= faults.LOOK

    def shown(self) -> dict[str, Json]:
        """As OpenAI's batch object."""
        absent = "" if "empty-ids" in self.met else None
        completed, failed = (self.work.completed, self.work.failed) if self.work else self.counts
        tokens = (self.work.prompt_tokens, self.work.completion_tokens) if self.work else self.usage
        word = faults.ODD_WORDS.get(self.status, self.status) if "odd-words" in self.met else self.status
        return shapes.BatchObject(
            identity=self.id, endpoint=self.endpoint, model=self.model, input_file_id=self.input_file_id, window=self.window,
            status=word, created_at=self.created_at, times=self.at, counts=(self.total, completed, failed), tokens=tokens,
            errors=self.errors if self.status == "failed" else (), output_file_id=self.output.id if self.output else absent,
            error_file_id=self.error.id if self.error else absent,
            metadata=None if "no-metadata" in self.met else self.metadata,
        ).as_json()  # fmt: skip


@dataclass(slots=True)
class BatchStates:
    """Takes files and batches; `script` may be changed while it runs, `clock.step` moves a clock that stands."""

    script: BatchScript
    ledger: Ledger
    seed: int = 0
    dialects: Dialects = field(default_factory=Dialects)
    clock: Clock = field(init=False)
    files: Files = field(init=False)
    batches: dict[str, ServedBatch] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = Clock(self.script.hurry)
        self.files = Files(self.clock)

    def create(
        self, file: File, *, endpoint: str, window: str, metadata: Mapping[str, str] | None, lasts_s: float | None
    ) -> ServedBatch:
        """A new batch over an uploaded file, read and checked at once; its faults show when validation ends."""
        self.advance()
        number, now = len(self.batches) + 1, self.clock.now()
        name = f"batch_{uuid.uuid4().hex}"
        met = faults.met(self.script.batch_faults, number, self.seed)
        rows = rows_of(file.data, endpoint, most=self.script.most_rows)
        if "invalid-lines" in met and not rows.faults:
            lines = faults.drawn("invalid-lines", met["invalid-lines"], total=len(rows), number=number, seed=self.seed)
            told = "This line is not parseable as valid JSON."
            rows.faults.extend(fault(code="invalid_json_line", message=told, line=index + 1) for index in sorted(lines))
        errors = rows.faults or self._over_limit(rows.tokens, rows.model, "token-limit" in met)
        work: RowOutcomes | None = None
        if not errors:
            work = outcomes_of(name, rows, self.ledger, met, self.dialects, number=number, seed=self.seed)
        batch = ServedBatch(
            name, number, endpoint, file.id, window, dict(metadata) if metadata is not None else None, met, now,
            len(rows), rows.tokens, rows.model, errors, work, lasts_s,
        )  # fmt: skip
        batch.at["expires_at"] = now + self.script.window_hours * 3600
        self.batches[name] = batch
        input_hash = hashlib.blake2b(file.data, digest_size=16).hexdigest()
        self.ledger.bills[name] = Bill(name, input_hash, rows.model or "", dict(metadata or {}))
        return batch

    def advance(self) -> None:
        """Bring every batch to where it is by now."""
        now = self.clock.now()
        for batch in self.batches.values():
            if batch.status not in ENDED:
                self._bring(batch, now)

    def cancel(self, batch: ServedBatch) -> bool:
        """Begin to cancel; False where it is too late."""
        self.advance()
        if batch.status not in ("validating", "in_progress"):
            return batch.status == "cancelling"
        batch.status, batch.at["cancelling_at"] = "cancelling", self.clock.now()
        return True

    def newest_first(self) -> list[ServedBatch]:
        """Every batch that a list shows."""
        self.advance()
        return [batch for batch in reversed(self.batches.values()) if not batch.lost]

    def _over_limit(self, tokens: int, model: str | None, always: bool) -> list[dict[str, Json]]:
        limit = self.script.enqueued_tokens
        waiting = sum(one.tokens for one in self.batches.values() if one.model == model and one.work is not None)
        if not always and (limit is None or waiting + tokens <= limit):
            return []
        message = (
            f"Enqueued token limit reached for {model} in organization org-loopback. Limit: {limit or 0:,} enqueued "
            "tokens. Please try again once some in_progress batches have been completed."
        )
        return [fault(code="token_limit_exceeded", message=message)]

    def _bring(self, batch: ServedBatch, now: float) -> None:
        """Through every state whose time has come, in order."""
        begins = batch.created_at + self.script.validating_s
        if batch.status == "validating" and now >= begins:
            batch.status = "in_progress" if batch.work is not None else "failed"
            batch.at[f"{batch.status}_at"] = begins
        if batch.work is None:
            if batch.status == "cancelling":
                self._cancelled(batch, now)
            return
        if batch.status == "in_progress":
            self._progress(batch, batch.work, now)
        if batch.status == "finalizing":
            ends = batch.at["finalizing_at"] + self.script.finalizing_s
            if now >= ends:
                self._close(batch, "completed", ends)
        elif batch.status == "cancelling":
            self._cancelled(batch, now)

    def _progress(self, batch: ServedBatch, work: RowOutcomes, now: float) -> None:
        begins, expires = batch.at["in_progress_at"], batch.at["expires_at"]
        takes = max(self.script.hours * 3600, 0.001)
        until, ready = min(now, expires), begins + takes
        work.until(len(work.order) if ready <= until else int(len(work.order) * (until - begins) / takes))
        if "cancelled" in batch.met and ready <= until:
            batch.status, batch.at["cancelling_at"] = "cancelling", ready
        elif now >= expires and (ready > expires or "expired" in batch.met):
            work.expire()
            self._close(batch, "expired", expires)
        elif ready <= until and "expired" not in batch.met:
            batch.status, batch.at["finalizing_at"] = "finalizing", ready

    def _cancelled(self, batch: ServedBatch, now: float) -> None:
        ends = batch.at["cancelling_at"] + self.script.finalizing_s
        if now >= ends:
            self._close(batch, "cancelled", ends)

    def _close(self, batch: ServedBatch, status: str, at: float) -> None:
        """Write the files and let the rows go."""
        batch.status, batch.at[f"{status}_at"] = status, at
        work, batch.work = batch.work, None
        if work is None:
            return
        batch.counts = (work.completed, work.failed)
        batch.usage = (work.prompt_tokens, work.completion_tokens)
        batch.output = self._result(batch, "output", work.output, at)
        batch.error = self._result(batch, "error", work.errors, at)

    def _result(self, batch: ServedBatch, kind: str, data: bytearray, at: float) -> File | None:
        if not data:
            return None
        if "blank-line" in batch.met:
            data += b"\n"
        file = self.files.add(f"{batch.id}_{kind}.jsonl", "batch_output", data, at=at, lasts_s=batch.lasts_s)
        file.cut = next((name for name in CUTS if name in batch.met), "")
        file.gone = "file-gone" in batch.met
        return file
