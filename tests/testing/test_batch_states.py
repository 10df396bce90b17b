"""Files and batches of the double, as the official client sees them: a quiet session, its states, times and bills."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from batch_server import CHAT, batch_server, body, jsonl, line
from openai import APIStatusError, AsyncOpenAI, AuthenticationError, BadRequestError, ConflictError, NotFoundError
from openai.types.responses import Response

from distill.records import Request
from distill.testing.batch.files import Clock
from distill.testing.batch.states import BatchScript
from distill.testing.fault_server import Script, serve


async def test_a_batch_goes_through_its_states_by_the_clock() -> None:
    """Each look finds what would have happened by then, with the times of the clock and not of the look."""
    async with batch_server(hours=2.0) as here:
        made = await here.submit([line(n) for n in range(8)], metadata={"run": "t/001"})
        seen = [(made.status, 0)]
        for hours in (0.25, 1.0, 0.775, 1.0):
            found = await here.ended(made, hours=hours)
            assert found.request_counts is not None
            seen.append((found.status, found.request_counts.completed))
        assert seen == [("validating", 0), ("in_progress", 0), ("in_progress", 4), ("finalizing", 8), ("completed", 8)]
        created = found.created_at
        assert (found.in_progress_at, found.finalizing_at) == (created + 60, created + 60 + 7200)
        assert (found.completed_at, found.expires_at) == (created + 7200 + 120, created + 24 * 3600)
        assert (found.metadata, found.model, found.error_file_id, found.errors) == ({"run": "t/001"}, "m", None, None)
        assert found.usage is not None
        assert found.usage.total_tokens == found.usage.input_tokens + found.usage.output_tokens > 0
        assert (await here.client.files.retrieve(str(found.output_file_id))).created_at == found.completed_at
        rows = await here.rows(found.output_file_id)
        assert [row["custom_id"] for row in rows] == [f"row-{n}" for n in range(8)]
        assert {row["response"]["status_code"] for row in rows} == {200}


async def test_a_batch_and_a_live_run_give_the_same_answers_at_half_the_price() -> None:
    """Byte for byte the same completions; the ledger knows them by the same keys."""
    schema = {"type": "object", "properties": {"kind": {"enum": ["a", "b", "c"]}, "note": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    asked = [body(n) | {"response_format": form} for n in range(6)]
    async with batch_server() as here:
        live = [await here.client.chat.completions.create(**one) for one in asked]
        cost = here.server.ledger.usd
        made = await here.submit([line(n, body=one) for n, one in enumerate(asked)])
        rows = await here.rows((await here.ended(made)).output_file_id)
        assert [row["response"]["body"] for row in rows] == [one.model_dump(exclude_unset=True) for one in live]
        ledger = here.server.ledger
        assert ledger.usd - cost == pytest.approx(cost / 2)
        assert ledger.billed == Counter({Request("", one).id: 2 for one in asked})
        assert [entry.batch for entry in ledger.entries] == [""] * 6 + [made.id] * 6
        assert ledger.bills[made.id].usd == pytest.approx(cost / 2)


async def test_the_responses_api_live_and_by_batch() -> None:
    """The same answer in the other API's shape, as the client parses it."""
    asked: dict[str, Any] = {"model": "m", "input": [{"role": "user", "content": "row 1"}], "store": False}
    async with batch_server() as here:
        live = await here.client.responses.create(**asked)
        url = "/v1/responses"
        file = await here.upload(jsonl([{"custom_id": "a", "method": "POST", "url": url, "body": asked}]))
        made = await here.client.batches.create(input_file_id=file, endpoint=url, completion_window="24h")
        [row] = await here.rows((await here.ended(made)).output_file_id)
        assert Response.model_validate(row["response"]["body"]).output_text == live.output_text == "row 1"


async def test_a_cancelled_batch_keeps_and_bills_what_it_had_done() -> None:
    """Cancelled half way: half the rows in the output file, half billed, none in an error file."""
    async with batch_server(hours=2.0) as here:
        made = await here.submit([line(n) for n in range(10)])
        here.later(1.0 + 61 / 3600)
        assert (await here.client.batches.cancel(made.id)).status == "cancelling"
        found = await here.ended(made)
        assert (found.status, found.error_file_id) == ("cancelled", None)
        assert found.cancelled_at == (found.cancelling_at or 0) + 60
        assert len(await here.answers(found)) == here.server.ledger.bills[made.id].rows == 5
        with pytest.raises(ConflictError):
            await here.client.batches.cancel(made.id)


async def test_a_batch_slower_than_its_window_expires_with_what_it_had_done() -> None:
    """48 hours of work in a window of 24: half is answered and billed, the other half named in the error file."""
    async with batch_server(hours=48.0) as here:
        made = await here.submit([line(n) for n in range(10)])
        found = await here.ended(made)
        assert (found.status, found.expired_at) == ("expired", found.expires_at)
        done, undone = await here.answers(found), await here.rows(found.error_file_id)
        assert {row["error"]["code"] for row in undone} == {"batch_expired"}
        assert len(done) + len(undone) == 10
        assert len(done) == here.server.ledger.bills[made.id].rows == 4, "a minute of validation comes first"


async def test_lists_come_newest_first_in_pages() -> None:
    """Every batch and file once, through the client's own paging."""
    async with batch_server() as here:
        made = [await here.submit([line(n)], metadata={"shard": str(n)}) for n in range(5)]
        page = await here.client.batches.list(limit=2)
        assert ([one.id for one in page.data], page.has_more) == ([made[4].id, made[3].id], True)
        assert [one.id async for one in here.client.batches.list(limit=2)] == [one.id for one in made[::-1]]
        files = [one.id async for one in here.client.files.list(limit=2, purpose="batch", order="asc")]
        assert files == [one.input_file_id for one in made]


async def test_files_are_there_until_deleted_or_past_their_date() -> None:
    """The bytes as they were sent, then a 404; a batch goes on without its input file."""
    data = json.dumps(line(1, note="\u2028é"), ensure_ascii=False).encode() + b"\n"
    async with batch_server() as here:
        file = await here.upload(data)
        kept = await here.client.files.retrieve(file)
        assert (kept.bytes, kept.filename, kept.purpose) == (len(data), "input.jsonl", "batch")
        assert kept.expires_at == kept.created_at + 30 * 86400
        assert (await here.client.files.content(file)).content == data
        made = await here.create(file)
        assert (await here.client.files.delete(file)).deleted
        for gone in (here.client.files.retrieve(file), here.client.files.content(file), here.create(file)):
            with pytest.raises((NotFoundError, BadRequestError)):
                await gone
        found = await here.ended(made)
        assert await here.answers(found) == {"row-1": "row 1"}
        here.later(31 * 24)
        with pytest.raises(NotFoundError):
            await here.client.files.content(str(made.output_file_id))


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ([line(1), line(2), line(1)], [("duplicate_custom_id", 3)]),
        ([line(1), line(2, body=body(2, "other"))], [("model_mismatch", 2)]),
        ([line(1, url="/v1/responses"), line(2)], [("url_mismatch", 1)]),
        ([line(1, method="GET")], [("url_mismatch", 1)]),
        ([line(1), line(2, custom_id=None), line(3, body={})], [("missing_required_parameter", 2), ("missing_required_parameter", 3)]),
        ([], [("empty_file", None)]),
        ([line(n) for n in range(11)], [("too_many_tasks", None)]),
    ],
    ids=lambda value: "" if value and isinstance(value[0], dict) else None,
)  # fmt: skip
async def test_validation_names_each_line(lines: list[dict[str, Any]], codes: list[tuple[str, int | None]]) -> None:
    """Create succeeds, and the batch fails a minute later with every fault and nothing billed."""
    async with batch_server(most_rows=10) as here:
        made = await here.submit(lines)
        assert (made.status, made.errors) == ("validating", None)
        found = await here.ended(made)
        assert found.status == "failed"
        assert found.errors is not None
        assert [(one.code, one.line) for one in found.errors.data or []] == codes
        assert found.failed_at == found.created_at + 60
        assert not here.server.ledger.entries


async def test_a_line_that_is_no_json_is_named() -> None:
    """Also a blank one in the middle; a line ends at \\n and at nothing else."""
    data = jsonl([line(1)]) + b"{torn\n\n" + json.dumps(line(2, custom_id="a\u2028b"), ensure_ascii=False).encode()
    async with batch_server() as here:
        found = await here.ended(await here.create(await here.upload(data)))
        assert found.errors is not None
        assert [(one.code, one.line) for one in found.errors.data or []] == [
            ("invalid_json_line", 2),
            ("invalid_json_line", 3),
        ]


async def test_a_file_over_the_limit_is_refused() -> None:
    """Not one byte more; and nothing is kept."""
    data = jsonl([line(1)])
    async with batch_server(most_bytes=len(data)) as here:
        await here.upload(data)
        with pytest.raises(APIStatusError, match="the most that a batch can have") as caught:
            await here.upload(data + b"\n")
        assert caught.value.status_code == 413
        assert len((await here.client.files.list()).data) == 1


async def test_the_enqueued_tokens_of_a_model_are_limited() -> None:
    """The second input file fails beside the first, another model's does not; after the first has ended there is capacity."""
    async with batch_server(enqueued_tokens=60) as here:
        first, second = await here.submit([line(1), line(2)]), await here.submit([line(3), line(4)])
        other = await here.submit([line(n, body=body(n, "other")) for n in (5, 6)])
        first, second, other = [
            await here.ended(one, hours=hours) for one, hours in ((first, 3), (second, 0), (other, 0))
        ]
        assert [one.status for one in (first, second, other)] == ["completed", "failed", "completed"]
        assert second.errors is not None
        assert [one.code for one in second.errors.data or []] == ["token_limit_exceeded"]
        again = await here.ended(await here.create(second.input_file_id))
        assert again.status == "completed"
        ledger = here.server.ledger
        assert set(ledger.paid_batches.values()) == {1}, "the file that failed first was paid once"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"input_file_id": "file-none"}, "input_file_id"),
        ({"endpoint": "/v1/embeddings"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
        ({"metadata": {"k": "x" * 513}}, "metadata"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 60}}, "output_expires_after"),
    ],
)
async def test_what_create_refuses(changed: dict[str, Any], told: str) -> None:
    """A 400 that names the parameter, and no batch."""
    async with batch_server() as here:
        file = await here.upload(jsonl([line(1)]))
        with pytest.raises(BadRequestError) as caught:
            await here.client.batches.create(
                **{"input_file_id": file, "endpoint": CHAT, "completion_window": "24h"} | changed
            )
        assert caught.value.param == told
        assert not (await here.client.batches.list()).data


async def test_a_row_that_is_no_request_is_an_error_row() -> None:
    """It costs nothing and does not stop the others."""
    async with batch_server() as here:
        found = await here.ended(await here.submit([line(1), line(2, body={"model": "m", "messages": []})]))
        assert list(await here.answers(found)) == ["row-1"]
        [row] = await here.rows(found.error_file_id)
        assert (row["custom_id"], row["response"]["status_code"]) == ("row-2", 400)
        assert found.request_counts is not None
        assert (found.request_counts.completed, found.request_counts.failed) == (1, 1)
        assert here.server.ledger.bills[found.id].rows == 1


async def test_results_expire_when_the_client_says_so() -> None:
    """An hour after they were written, and not before; an upload by its own date."""
    async with batch_server(hours=1.0) as here:
        hour = {"anchor": "created_at", "seconds": 3600}
        file = await here.client.files.create(file=("a.jsonl", jsonl([line(1)])), purpose="batch", expires_after=hour)
        made = await here.client.batches.create(
            input_file_id=file.id, endpoint=CHAT, completion_window="24h", output_expires_after=hour
        )
        found = await here.ended(made, hours=1.5)
        assert await here.answers(found) == {"row-1": "row 1"}
        with pytest.raises(NotFoundError):
            await here.text(file.id)
        here.later(1.0)
        with pytest.raises(NotFoundError):
            await here.answers(found)


async def test_another_key_is_refused() -> None:
    """Files and batches ask for the key that completions ask for."""
    async with batch_server(key="right") as here:
        with pytest.raises(AuthenticationError):
            await here.client.batches.list()
        async with AsyncOpenAI(api_key="right", base_url=here.server.base_url, max_retries=0) as client:
            assert not (await client.batches.list()).data


async def test_the_ledger_and_the_clock_over_http() -> None:
    """Another process reads who was billed for what, and moves a clock that stands."""
    async with batch_server() as here:
        made = await here.submit([line(n) for n in range(3)], metadata={"shard": "0"})
        root = here.server.base_url.removesuffix("/v1")
        before = await here.client.get(f"{root}/clock", cast_to=dict[str, float])
        after = await here.client.post(f"{root}/clock", body={"step_s": 7200}, cast_to=dict[str, float])
        assert after["now"] - before["now"] == pytest.approx(7200)
        told = await here.client.get(f"{root}/ledger?entries=1", cast_to=dict[str, Any])
        [bill] = told["batches"]
        assert (bill["batch"], bill["metadata"], bill["rows"], bill["status"]) == (
            made.id, {"shard": "0"}, 3, "completed",
        )  # fmt: skip
        assert told["billed"] == {Request("", body(n)).id: 1 for n in range(3)}
        assert sum(entry["usd"] for entry in told["entries"]) == pytest.approx(bill["usd"])


def test_a_hurried_clock_runs_ahead() -> None:
    """A real moment is an hour there; with no hurry only a step moves it."""
    fast, still = Clock(hurry=1e6), Clock(hurry=0.0)
    first, stood = fast.now(), still.now()
    while fast.now() < first + 3600:
        pass
    assert still.now() == stood
    assert still.step(60.0) == stood + 60.0


async def test_a_hurried_batch_ends_while_one_waits() -> None:
    """Two hours of the clock pass in a fifth of a second."""
    async with (
        serve(Script(batch=BatchScript(hurry=36_000.0, hours=1.0))) as server,
        AsyncOpenAI(api_key="none", base_url=server.base_url, max_retries=0) as client,
    ):
        file = await client.files.create(file=("a.jsonl", jsonl([line(1)])), purpose="batch")
        made = await client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")
        async with asyncio.timeout(5):
            while (found := await client.batches.retrieve(made.id)).status != "completed":
                pass
        assert found.completed_at == made.created_at + 60 + 3600 + 60
