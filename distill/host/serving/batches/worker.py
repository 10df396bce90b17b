"""Answers batches in the background, the oldest first, until it is cancelled. What was answered is kept before the next request of
its place is asked, so a restart asks none twice whose answer came.
"""

from __future__ import annotations

import asyncio
import contextlib
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
_ASKED_AGAIN = 60


@dataclass(slots=True)
class BatchWorker:
    """Works on the batches of a home; `run` is to be one task of the server's."""

    home: Home
    answerer: Answerer

    async def run(self) -> None:
        """For ever: check what is new, end what is over, answer one batch at a time. What fails in a way nobody thought of is logged,
        and tried again with what is left.
        """
        answering: tuple[str, asyncio.Task[None]] | None = None
        try:
            while True:
                if answering is not None and answering[1].done():
                    if (fault := answering[1].exception()) is not None:
                        LOG.error("batch %s: %s: %s", answering[0], type(fault).__name__, fault)
                    answering = None
                for batch in batches.waiting(self.answerer.db):
                    if answering is not None and answering[0] == batch.id:
                        continue
                    if batch.status == "in_progress" and not batch.over:
                        answering = answering or (batch.id, asyncio.create_task(self._answer(batch)))
                    else:
                        await self._move_on(batch)
                await asyncio.sleep(_LOOKS_S)
        finally:
            if answering is not None:
                answering[1].cancel()
                await asyncio.gather(answering[1], return_exceptions=True)

    async def _move_on(self, batch: Batch) -> None:
        """What takes no model: validation, and the files of the end."""
        try:
            if batch.status == "validating":
                await self._validate(batch)
            else:
                await asyncio.to_thread(results.close, self.answerer.db, self.home, batch)
        except (OSError, sqlite3.Error) as fault:  # a full disk: the rows are kept, and it is tried again
            LOG.error("batch %s: %s: %s", batch.id, type(fault).__name__, fault)  # noqa: TRY400 - its trace says no more

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
        left = iter(
            [row for row in input_rows.rows(files.path(self.home, batch.input_file_id)) if row.number not in done]
        )
        wide = self.answerer.engine.width(self.answerer.served(batch.model or ""))
        at_work = [asyncio.create_task(self._lane(batch, left)) for _ in range(wide)]
        try:
            while True:
                ended, _ = await asyncio.wait(at_work, timeout=_LOOKS_S)
                now = batches.get(self.answerer.db, batch.id)
                if now is None or now.status != "in_progress" or now.over:
                    return
                if len(ended) == len(at_work):
                    break
            for task in at_work:
                task.result()
            batches.move(self.answerer.db, batch.id, "finalizing", of=("in_progress",))
        finally:
            for task in at_work:
                task.cancel()
            await asyncio.gather(*at_work, return_exceptions=True)

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
        """One answer; a model that is too busy, or starts again, is asked again for a while."""
        for _ in range(_ASKED_AGAIN):
            with contextlib.suppress(_Busy):
                return await self._once(endpoint, body)
            await asyncio.sleep(_BUSY_S)
        return await self.answerer.answer(endpoint, body)

    async def _once(self, endpoint: str, body: Mapping[str, Json]) -> dict[str, Json]:
        try:
            return await self.answerer.answer(endpoint, body)
        except ApiError as fault:
            if fault.status in (429, 503) and fault.code in ("overloaded", "upstream_failed"):
                raise _Busy from fault
            raise


class _Busy(Exception):
    """Not now."""
