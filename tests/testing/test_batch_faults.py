"""Each fault of the Batch API is what it says, as the official client meets it, and the bill with it: until a batch has ended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from batch_server import IDS, SHARD, batch_server, billed, counts, ids, jsonl, line
from openai import APIConnectionError, APIError, BadRequestError, InternalServerError, NotFoundError

from distill.testing.batch.faults import BATCH_FAULTS

TRIED = {
    "upload-lost", "create-lost", "create-500", "invalid-lines", "token-limit", "poll-500", "lost-once", "lost", "all-errors",
    "expired", "cancelled", "empty-ids", "error-rows", "errors-in-output", "status-0", "string-body", "missing-rows", "unknown-ids",
    "duplicate-rows", "shuffled", "blank-line", "line-separators", "surrogate", "cut-download",
    "cut-silent", "cut-gzip", "file-gone", "no-metadata", "pending-file", "odd-words",
}  # fmt: skip
"""Here, or in test_batch_result_files.py."""


def test_every_trap_is_tried() -> None:
    assert set(BATCH_FAULTS) == TRIED


def test_the_page_tells_of_every_trap() -> None:
    """docs/fault-server.md has one row for each, in the order and the words of the code."""
    page = (Path(__file__).parents[2] / "docs" / "fault-server.md").read_text()
    table = re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", page, re.MULTILINE)
    assert table == list(BATCH_FAULTS.items())


async def test_upload_lost() -> None:
    """The client sees a broken line and the file is there; the second upload is whole."""
    async with batch_server("upload-lost@1") as here:
        with pytest.raises(APIConnectionError):
            await here.upload(jsonl(SHARD))
        [kept] = (await here.client.files.list()).data
        assert (await here.client.files.content(kept.id)).content == jsonl(SHARD)
        assert await here.upload(jsonl(SHARD)) != kept.id


@pytest.mark.parametrize(("name", "error"), [("create-lost", APIConnectionError), ("create-500", InternalServerError)])
async def test_a_create_whose_reply_is_lost(name: str, error: type[APIError]) -> None:
    """The batch is found by its metadata; made again, the shard is paid twice, and the ledger says so."""
    async with batch_server(f"{name}@1") as here:
        file = await here.upload(jsonl(SHARD))
        with pytest.raises(error):
            await here.create(file, metadata={"shard": "7"})
        [orphan] = (await here.client.batches.list()).data
        assert (orphan.metadata, orphan.input_file_id) == ({"shard": "7"}, file)
        assert len(await here.answers(await here.ended(orphan))) == 20
        assert set(here.server.ledger.paid_batches.values()) == {1}
        await here.ended(await here.submit(SHARD))
        assert set(here.server.ledger.paid_batches.values()) == {2}
        assert set(here.server.ledger.billed.values()) == {2}


async def test_invalid_lines() -> None:
    """A tenth of the lines are named, in order; nothing is billed."""
    async with batch_server("invalid-lines=0.1") as here:
        found = await here.ended(await here.submit(SHARD))
        assert found.status == "failed"
        assert found.errors is not None
        lines = [one.line for one in found.errors.data or []]
        assert len(lines) == 2
        assert lines == sorted(line for line in lines if line is not None and 1 <= line <= 20)
        assert billed(here) == 0


async def test_token_limit() -> None:
    """Fails as for the limit that one may set."""
    async with batch_server("token-limit@1") as here:
        found = await here.ended(await here.submit(SHARD))
        assert found.errors is not None
        assert [(one.code, one.line) for one in found.errors.data or []] == [("token_limit_exceeded", None)]
        assert (await here.ended(await here.create(found.input_file_id))).status == "completed"


@pytest.mark.parametrize(("name", "error"), [("poll-500", InternalServerError), ("lost-once", NotFoundError)])
async def test_a_look_that_fails_once(name: str, error: type[APIError]) -> None:
    """The second look; the third finds the batch as if nothing had been."""
    async with batch_server(name) as here:
        made = await here.submit(SHARD)
        await here.ended(made, hours=0.5)
        with pytest.raises(error):
            await here.ended(made)
        assert (await here.ended(made)).status == "completed"


async def test_lost() -> None:
    """From the second look on it is nowhere, and was billed."""
    async with batch_server("lost@1") as here:
        made, other = await here.submit(SHARD), await here.submit([line(99)])
        assert (await here.ended(made, hours=0.5)).status == "in_progress"
        for _ in range(2):
            with pytest.raises(NotFoundError):
                await here.ended(made)
        assert [one.id for one in (await here.client.batches.list()).data] == [other.id]
        assert here.server.ledger.bills[made.id].rows == 20


async def test_all_errors() -> None:
    """Completed, no output file, every row in the error file with one of three statuses."""
    async with batch_server("all-errors") as here:
        found = await here.ended(await here.submit(SHARD))
        assert (found.status, found.output_file_id, counts(found)) == ("completed", None, (20, 0, 20))
        rows = await here.rows(found.error_file_id)
        assert [row["custom_id"] for row in rows] == IDS
        assert {row["response"]["status_code"] for row in rows} == {400, 429, 500}
        assert all(row["response"]["body"]["error"]["message"] for row in rows)
        assert billed(here) == 0


async def test_expired() -> None:
    """Half the rows: billed and in the output file; the other half in the error file, without a response."""
    async with batch_server("expired=0.5") as here:
        made = await here.submit(SHARD)
        assert (await here.ended(made, hours=20)).status == "in_progress"
        found = await here.ended(made)
        assert (found.status, found.expired_at) == ("expired", found.created_at + 24 * 3600)
        undone = await here.rows(found.error_file_id)
        assert {(row["response"], row["error"]["code"]) for row in undone} == {(None, "batch_expired")}
        done = await ids(here, found.output_file_id)
        assert sorted(done + [row["custom_id"] for row in undone]) == sorted(IDS)
        assert billed(here) == len(done) == 10


async def test_cancelled() -> None:
    """By nobody, at three quarters."""
    async with batch_server("cancelled=0.25") as here:
        found = await here.ended(await here.submit(SHARD))
        assert (found.status, found.error_file_id, counts(found)) == ("cancelled", None, (20, 15, 0))
        assert billed(here) == len(await ids(here, found.output_file_id)) == 15


async def test_empty_ids() -> None:
    """No file is an empty string: of errors here, of output there."""
    async with batch_server("empty-ids", "all-errors@2") as here:
        clean, spoilt = await here.submit(SHARD), await here.submit(SHARD)
        assert (await here.ended(clean)).error_file_id == ""
        assert (await here.ended(spoilt)).output_file_id == ""


async def test_no_metadata() -> None:
    async with batch_server("no-metadata") as here:
        made = await here.submit(SHARD, metadata={"a": "b"})
        listed = (await here.client.batches.list()).data
        assert [one.metadata for one in (made, await here.ended(made), *listed)] == [None, None, None]


async def test_pending_file() -> None:
    """Unread at two looks, and a create before is a 400 that makes nothing."""
    async with batch_server("pending-file") as here:
        file = await here.upload(jsonl(SHARD))
        with pytest.raises(BadRequestError, match="not in the state Processed"):
            await here.create(file)
        states = [(await here.client.files.retrieve(file)).status for _ in range(3)]
        assert states == ["PENDING", "PENDING", "processed"]
        await here.create(file)
        assert len(here.server.states.batches) == 1


async def test_odd_words() -> None:
    async with batch_server("odd-words") as here:
        made = await here.submit(SHARD)
        assert (made.status, (await here.ended(made)).status) == ("Validating", "SUCCEEDED")
