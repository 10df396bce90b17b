"""Each fault in the files of an ended batch, and of their download, is what it says, and the bill with it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from batch_server import IDS, SHARD, batch_server, billed, counts, ids
from openai import APIConnectionError, NotFoundError


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
