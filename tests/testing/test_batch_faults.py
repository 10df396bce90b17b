"""Each fault of the Batch API is what it says, as the official client meets it, and the bill with it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from batch_server import BatchServer, batch_server, body, jsonl, line
from openai import APIConnectionError, APIError, BadRequestError, InternalServerError, NotFoundError
from openai.types import Batch

from distill.testing.batch.faults import BATCH_FAULTS
from distill.testing.completions import key_of

SHARD = [line(n) for n in range(20)]
IDS = [one["custom_id"] for one in SHARD]
TRIED = {
    "upload-lost", "create-lost", "create-500", "invalid-lines", "token-limit", "poll-500", "lost-once", "lost", "all-errors",
    "expired", "cancelled", "empty-ids", "error-rows", "errors-in-output", "status-0", "string-body", "missing-rows", "unknown-ids",
    "duplicate-rows", "shuffled", "blank-line", "line-separators", "surrogate", "cut-download",
    "cut-silent", "cut-gzip", "file-gone", "no-metadata", "pending-file", "odd-words",
}  # fmt: skip


def test_this_file_tries_every_trap() -> None:
    assert set(BATCH_FAULTS) == TRIED


def test_the_page_tells_of_every_trap() -> None:
    """docs/fault-server.md has one row for each, in the order and the words of the code."""
    page = (Path(__file__).parents[2] / "docs" / "fault-server.md").read_text()
    table = re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", page, re.MULTILINE)
    assert table == list(BATCH_FAULTS.items())


def billed(here: BatchServer) -> int:
    """Rows billed, each at most once."""
    counts = here.server.ledger.billed
    assert set(counts.values()) <= {1}
    assert set(counts) <= {key_of(body(n)) for n in range(20)}
    return len(counts)


def counts(batch: Batch) -> tuple[int, int, int]:
    assert batch.request_counts is not None
    return batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed


async def ids(here: BatchServer, file: str | None) -> list[str]:
    return [row["custom_id"] for row in await here.rows(file)]


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


async def test_error_rows() -> None:
    """A tenth in the error file, unbilled; a row sent again meets fresh luck."""
    async with batch_server("error-rows=0.1") as here:
        seen = []
        for _ in range(2):
            found = await here.ended(await here.submit(SHARD))
            assert counts(found) == (20, 18, 2)
            refused = await ids(here, found.error_file_id)
            assert sorted(refused + await ids(here, found.output_file_id)) == sorted(IDS)
            seen.append(refused)
        assert seen[0] != seen[1]
        assert sum(here.server.ledger.billed.values()) == 36


async def test_errors_in_output() -> None:
    """One file with both."""
    async with batch_server("error-rows=0.1", "errors-in-output") as here:
        found = await here.ended(await here.submit(SHARD))
        assert found.error_file_id is None
        statuses = [row["response"]["status_code"] for row in await here.rows(found.output_file_id)]
        assert len(statuses) == 20
        assert statuses.count(200) == billed(here) == 18


async def test_status_0() -> None:
    """In the output file, without a body."""
    async with batch_server("status-0=0.1") as here:
        rows = await here.rows((await here.ended(await here.submit(SHARD))).output_file_id)
        spoilt = [row["response"]["body"] for row in rows if row["response"]["status_code"] == 0]
        assert (len(rows), spoilt, billed(here)) == (20, [None, None], 18)


async def test_string_body() -> None:
    """A completion within a string; the rest as they are."""
    async with batch_server("string-body=0.5") as here:
        rows = await here.rows((await here.ended(await here.submit(SHARD))).output_file_id)
        bodies: list[Any] = [row["response"]["body"] for row in rows]
        strings = [one for one in bodies if isinstance(one, str)]
        assert len(strings) == 10
        assert all(json.loads(one)["choices"][0]["message"]["content"].startswith("row ") for one in strings)
        assert billed(here) == 20


async def test_missing_rows() -> None:
    """Completed, and two rows are nowhere."""
    async with batch_server("missing-rows=0.1") as here:
        found = await here.ended(await here.submit(SHARD))
        assert (found.status, found.error_file_id) == ("completed", None)
        there = await ids(here, found.output_file_id)
        assert (len(there), len(set(IDS) - set(there)), billed(here)) == (18, 2, 18)


async def test_unknown_ids() -> None:
    """Two rows that nobody sent, and nobody pays."""
    async with batch_server("unknown-ids=0.1") as here:
        there = await ids(here, (await here.ended(await here.submit(SHARD))).output_file_id)
        assert (len(there), len(set(there) - set(IDS)), billed(here)) == (22, 2, 20)


async def test_duplicate_rows() -> None:
    """Two rows come twice with the same answer, billed once."""
    async with batch_server("duplicate-rows=0.1") as here:
        rows = await here.rows((await here.ended(await here.submit(SHARD))).output_file_id)
        assert (len(rows), billed(here)) == (22, 20)
        told = {(row["custom_id"], json.dumps(row["response"]["body"])) for row in rows}
        assert len(told) == len({row["id"] for row in rows}) - 2 == 20


async def test_shuffled() -> None:
    """Every row, in another order."""
    async with batch_server("shuffled") as here:
        there = await ids(here, (await here.ended(await here.submit(SHARD))).output_file_id)
        assert there != IDS
        assert sorted(there) == sorted(IDS)


async def test_blank_line() -> None:
    """After the last row there is one that is empty."""
    async with batch_server("blank-line", "error-rows=0.1") as here:
        found = await here.ended(await here.submit(SHARD))
        for file, count in ((found.output_file_id, 18), (found.error_file_id, 2)):
            text = await here.text(file)
            assert text.endswith("}\n\n")
            assert text.count("\n") == count + 1


async def test_line_separators() -> None:
    """As they are, so that `splitlines` breaks the rows and \\n does not."""
    async with batch_server("line-separators") as here:
        found = await here.ended(await here.submit(SHARD))
        assert len((await here.text(found.output_file_id)).splitlines()) == 80
        assert {text[:4] for text in (await here.answers(found)).values()} == {"\u2028\x85\u2029r"}


async def test_surrogate() -> None:
    """Half an emoji as an escape: sound UTF-8, sound JSON, no sound text."""
    async with batch_server("surrogate=0.5") as here:
        texts = (await here.answers(await here.ended(await here.submit(SHARD)))).values()
        assert sum(text.startswith("\ud83drow ") for text in texts) == 10


async def test_cut_download() -> None:
    """Half of what the content-length says, once a file; then the whole."""
    async with batch_server("cut-download", "error-rows=0.5") as here:
        found = await here.ended(await here.submit(SHARD))
        for file in (found.output_file_id, found.error_file_id):
            with pytest.raises(APIConnectionError) as caught:
                await here.text(file)
            assert re.search(r"received \d\d+ bytes, expected \d\d+", str(caught.value.__cause__))
            assert len(await here.rows(file)) == 10


@pytest.mark.parametrize("batch_fault", ["cut-silent", "cut-gzip"])
async def test_cuts_without_an_error(batch_fault: str) -> None:
    """The official client takes a part of the file for all of it, once a file; then comes the whole."""
    async with batch_server(batch_fault) as here:
        found = await here.ended(await here.submit(SHARD))
        whole = here.server.states.files.get(found.output_file_id or "")
        assert whole is not None
        first = await here.text(found.output_file_id)
        assert 0 < len(first) < len(whole.data)
        assert len(await here.rows(found.output_file_id)) == 20


async def test_file_gone() -> None:
    async with batch_server("file-gone") as here:
        found = await here.ended(await here.submit(SHARD))
        with pytest.raises(NotFoundError):
            await here.text(found.output_file_id)
        assert billed(here) == 20


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
