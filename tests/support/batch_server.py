"""A double of the Batch API for a test: a clock that stands, the official client, and an input file that is uploaded and made a batch."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from openai import AsyncOpenAI
from openai.types import Batch

from distill.records import Request
from distill.testing.batch.faults import batch_fault
from distill.testing.batch.states import BatchScript
from distill.testing.fault_server import Script, Server, serve

CHAT = "/v1/chat/completions"


def body(number: int, model: str = "m") -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": f"row {number}"}], "max_tokens": 20}


def line(number: int, *, url: str = CHAT, **changed: Any) -> dict[str, Any]:
    return {"custom_id": f"row-{number}", "method": "POST", "url": url, "body": body(number)} | changed


def jsonl(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in lines)


SHARD = [line(n) for n in range(20)]
IDS = [one["custom_id"] for one in SHARD]


@dataclass(slots=True)
class BatchServer:
    server: Server
    client: AsyncOpenAI

    def later(self, hours: float) -> None:
        self.server.states.clock.step(hours * 3600)

    async def upload(self, data: bytes) -> str:
        return (await self.client.files.create(file=("input.jsonl", data), purpose="batch")).id

    async def submit(self, lines: list[dict[str, Any]], *, metadata: dict[str, str] | None = None) -> Batch:
        file = await self.upload(jsonl(lines))
        return await self.create(file, metadata=metadata)

    async def create(self, file: str, *, metadata: dict[str, str] | None = None) -> Batch:
        return await self.client.batches.create(
            input_file_id=file, endpoint=CHAT, completion_window="24h", metadata=metadata
        )

    async def ended(self, batch: Batch, *, hours: float = 25.0) -> Batch:
        """The batch so many hours later."""
        self.later(hours)
        return await self.client.batches.retrieve(batch.id)

    async def text(self, file: str | None) -> str:
        assert file
        return (await self.client.files.content(file)).content.decode()

    async def rows(self, file: str | None) -> list[dict[str, Any]]:
        """The rows of a result file, parsed line by line as \\n ends them."""
        return [json.loads(one) for one in (await self.text(file)).removesuffix("\n").split("\n")]

    async def answers(self, batch: Batch) -> dict[str, str]:
        """custom_id → answer, of the output file."""
        found = await self.rows(batch.output_file_id)
        return {row["custom_id"]: row["response"]["body"]["choices"][0]["message"]["content"] for row in found}


@asynccontextmanager
async def batch_server(*batch_faults: str, key: str | None = None, **script: Any) -> AsyncIterator[BatchServer]:
    batch = BatchScript(hurry=0.0, batch_faults=tuple(batch_fault(one) for one in batch_faults), **script)
    async with (
        serve(Script(seed=7, key=key, batch=batch)) as server,
        AsyncOpenAI(api_key="none", base_url=server.base_url, max_retries=0, timeout=5.0) as client,
    ):
        yield BatchServer(server, client)


def billed(here: BatchServer) -> int:
    """Rows billed, each at most once."""
    billed = here.server.ledger.billed
    assert set(billed.values()) <= {1}
    assert set(billed) <= {Request("", body(n)).id for n in range(20)}
    return len(billed)


def counts(batch: Batch) -> tuple[int, int, int]:
    assert batch.request_counts is not None
    return batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed


async def ids(here: BatchServer, file: str | None) -> list[str]:
    return [row["custom_id"] for row in await here.rows(file)]
