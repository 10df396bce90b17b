"""Answers batches in the background, the oldest first, until it is cancelled. What was answered is kept before the next request of
its place is asked, so a restart asks none twice whose answer came.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from distill.host.home import Home
from distill.host.serving.answers.answerer import Answerer
from distill.host.serving.batches import input_rows, results
from distill.host.serving.batches.input_rows import InputRow
from distill.host.state import batches, files
from distill.host.state.batches import Batch
from distill.protocol import batch as shapes
from distill.protocol import ids
from distill.protocol.error import ApiError
from distill.records import Json

LOG = logging.getLogger("distill.host")
_LOOKS_S = 0.5
"""Between two looks for a batch, or whether the one at work was cancelled."""
_BUSY_S = 1.0
"""How long a request waits that the model was too busy for."""
_BUSY = ("overloaded", "upstream_failed")
_ASKED_AGAIN = 60


@dataclass(slots=True)
class BatchWorker:
    """Works on the batches of a home; `run` is to be one task of the server's."""

    home: Home
    answerer: Answerer
    answering: tuple[str, asyncio.Task[None]] | None = None
    """The batch whose requests are asked now; others wait for its end."""

    async def run(self) -> None:
        """For ever: check what is new, end what is over, answer one batch at a time."""
        try:
            while True:
                try:
                    await self._look()
                except (OSError, sqlite3.Error) as fault:  # a full disk: what is kept is kept, and it is tried again
                    LOG.error("batches: %s: %s", type(fault).__name__, fault)  # noqa: TRY400 - its trace says no more
                await asyncio.sleep(_LOOKS_S)
        finally:
            if self.answering is not None:
                self.answering[1].cancel()
                await asyncio.gather(self.answering[1], return_exceptions=True)

    async def _look(self) -> None:
        if self.answering is not None and self.answering[1].done():
            (name, task), self.answering = self.answering, None
            if (fault := task.exception()) is not None:  # it is tried again with what is left
                LOG.error("batch %s: %s: %s", name, type(fault).__name__, fault)
        for batch in batches.waiting(self.answerer.db):
            if self.answering is not None and self.answering[0] == batch.id:
                continue
            if batch.status == "validating":
                await self._validate(batch)
            elif batch.status == "in_progress" and not batch.over:
                self.answering = self.answering or (batch.id, asyncio.create_task(self._answer(batch)))
            else:
                await asyncio.to_thread(results.close, self.answerer.db, self.home, batch)

    async def _validate(self, batch: Batch) -> None:
        db, moved = self.answerer.db, ("validating",)
        if files.get(db, batch.input_file_id) is None:
            told = f"The input file {batch.input_file_id} is gone."
            found = input_rows.Checked(faults=[shapes.fault(code="invalid_file", message=told)])
        else:
            found = await asyncio.to_thread(
                input_rows.checked, files.path(self.home, batch.input_file_id), batch.endpoint
            )
        if not found.faults and found.model is not None:
            try:
                self.answerer.served(found.model)
            except ApiError as fault:
                found.faults.append(
                    shapes.fault(code=fault.code or "invalid_model", message=fault.message, line=1, param="body.model")
                )
        if found.faults:
            batches.move(
                db, batch.id, "failed", of=moved, errors=orjson.dumps(found.faults).decode(), model=found.model
            )
        else:
            batches.move(db, batch.id, "in_progress", of=moved, total=found.total, model=found.model)

    async def _answer(self, batch: Batch) -> None:
        """Ask what is left; ends when all is answered, the batch is cancelled, or its window closes."""
        done = batches.answered(self.answerer.db, batch.id)
        read = input_rows.rows(files.path(self.home, batch.input_file_id))
        left = (row for row in read if row.number not in done)
        at_work = [asyncio.create_task(self._lane(batch, left)) for _ in range(self._width(batch))]
        try:
            while True:
                ended, _ = await asyncio.wait(at_work, timeout=_LOOKS_S)
                now = batches.get(self.answerer.db, batch.id)
                if now is None or now.status != "in_progress" or now.over:
                    return
                if len(ended) == len(at_work):
                    break
            failures = [fault for task in at_work if (fault := task.exception()) is not None]
            if failures and not isinstance(failures[0], FileNotFoundError):
                raise failures[0]
            # All are answered; or the input was deleted, and it ends with what is.
            batches.move(self.answerer.db, batch.id, "finalizing", of=("in_progress",))
        finally:
            for task in at_work:
                task.cancel()
            await asyncio.gather(*at_work, return_exceptions=True)

    def _width(self, batch: Batch) -> int:
        try:
            return self.answerer.engine.width(self.answerer.served(batch.model or ""))
        except ApiError:  # the model was deleted: each request is refused so
            return 1

    async def _lane(self, batch: Batch, left: Iterator[InputRow]) -> None:
        for row in left:  # which all lanes share
            await self._one(batch, row)

    async def _one(self, batch: Batch, row: InputRow) -> None:
        """Answer a request and keep what came."""
        try:
            body, status = await self._asked(batch.endpoint, row.body), 200
        except ApiError as fault:
            body, status = fault.body, fault.status
        line = shapes.answered_line(
            identity=ids.new("batch_req_", 32),
            custom_id=row.custom_id,
            status=status,
            request_id=ids.new("", 32),
            body=body,
        )
        usage = body.get("usage") or {}
        tokens = (int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))
        batches.keep(self.answerer.db, batch.id, row.number, orjson.dumps(line), good=status == 200, tokens=tokens)

    async def _asked(self, endpoint: str, body: Mapping[str, Json]) -> dict[str, Json]:
        """One answer; a model that is too busy is asked again for a while."""
        for _ in range(_ASKED_AGAIN):
            try:
                return await self.answerer.answer(endpoint, body)
            except ApiError as fault:
                if fault.code not in _BUSY:
                    raise
            await asyncio.sleep(_BUSY_S)
        return await self.answerer.answer(endpoint, body)
