"""Output files as hosts write them, and as none should: nothing raises, and no row is settled twice."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rounds import RATE, RUN, requests

from distill.records import Ended, Request
from distill.teacher.batch.files import input_file, results
from distill.teacher.batch.files.input_file import InputFileReader
from distill.teacher.batch.files.results import ResultReader
from distill.teacher.store.store import opened
from distill.testing.completions import complete

SENT = [*requests(6), Request("here", {"messages": [{"role": "user", "content": "half \ud83d"}]}, 3)]
IDS = [f"{one.id}-{one.draw}" for one in SENT]
DATA = b"".join(input_file.line(one, "/v1/chat/completions") for one in SENT)


def good(number: int) -> dict[str, Any]:
    one = SENT[number]
    body = orjson.loads(
        complete(Request("", {"model": "m", "messages": [{"role": "user", "content": "x"}]}), size=40).body
    )
    return {"id": "batch_req_1", "custom_id": IDS[number], "response": {"status_code": 200, "request_id": one.id, "body": body}, "error": None}  # fmt: skip


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["error", "message", "code", "choices", "object"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
TEXT = st.text(st.sampled_from("a\0\ud83d\u2028"), max_size=3) | ANY_JSON
ANSWER = st.fixed_dictionaries(
    {
        "object": st.sampled_from(["chat.completion", "response"]),
        "choices": st.lists(
            st.fixed_dictionaries({"message": st.fixed_dictionaries({"content": TEXT}), "finish_reason": TEXT}), max_size=2
        ),
    },
    optional={"usage": ANY_JSON, "model": TEXT},
)  # fmt: skip
RESPONSE = ANY_JSON | st.fixed_dictionaries(
    {"status_code": ANY_JSON | st.sampled_from([0, 200, 400, 429, 500, 10**30])},
    optional={"body": ANY_JSON | ANSWER | ANSWER.map(json.dumps)},
)
BAD = st.fixed_dictionaries(
    {"custom_id": st.sampled_from([*IDS, "nobody-1", ""]) | ANY_JSON},
    optional={"response": RESPONSE, "error": ANY_JSON},
)


def spoilt(number: int, changed: dict[str, Any], content: Any, finish: Any) -> bytes:
    """A good line but for some of its fields."""
    line = good(number)
    line["response"]["body"] |= changed
    line["response"]["body"]["choices"][0] |= {"message": {"content": content}, "finish_reason": finish}
    return json.dumps(line).encode()


SPOILT = st.builds(
    spoilt, st.integers(0, len(SENT) - 1), st.dictionaries(st.sampled_from(["model", "usage", "id"]), TEXT), TEXT, TEXT
)
LINE = (
    SPOILT
    | st.integers(0, len(SENT) - 1).map(lambda number: orjson.dumps(good(number)))
    | (ANY_JSON | BAD).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40).map(lambda data: data.replace(b"\n", b""))
    | st.sampled_from([b"[" * 5000, b"{", b'{"a":' * 3000, b"1" * 6000, b'"\\ud83d"', b"\xed\xa0\xbd", b"NaN"])
)


def reader(open_rows: int = len(SENT)) -> ResultReader:
    booked = {one.id: (number + 1, 0.5) for number, one in enumerate(SENT[:open_rows])}
    return ResultReader(InputFileReader(DATA), "here", RATE.batch_usd, booked)


@settings(deadline=None, max_examples=60)
@example([spoilt(0, {"model": "m\ud83d"}, "a", "stop\ud83d")], 1, 1)
@given(st.lists(LINE, max_size=12), st.integers(0, len(SENT)), st.integers(1, 5))
def test_no_line_raises_and_no_row_is_settled_twice(lines: list[bytes], open_rows: int, chunk: int) -> None:
    """Every open row comes to one end, that was not settled before; the store takes what hosts make up."""
    found = reader(open_rows)
    ended = [one for at in range(0, len(lines), chunk) for one in found.chunk(lines[at : at + chunk])]
    ended += found.refused([(1, "invalid", "line 1"), (None, "", ""), (99, "no", "such line"), (1, "again", "line 1")])
    ended += found.missing("completed")
    assert sorted(attempt for attempt, _, _ in ended) == list(range(1, open_rows + 1))
    assert all(asked[0] == answer.request_id == SENT[attempt - 1].id for attempt, asked, answer in ended)
    assert all(answer.usd == 0.5 for _, _, answer in ended if answer.ended.maybe_billed and not answer.counted)
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "answers.db") as store:

        async def settle() -> None:
            for one in SENT[:open_rows]:
                await store.intend(one, run=RUN, spender="teacher", reserved_usd=0.5)
            await asyncio.wait_for(store.settle_many(ended), 5)

        asyncio.run(settle())
        kept = {answer.request_id: answer for _, _, answer in ended if answer.ok}
        for name, answer in kept.items():
            read = store.get(name)
            assert read is not None
            assert (read.text, read.finish_reason, read.model) == (answer.text, answer.finish_reason, answer.model)


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_and_repeated_lines_answer_every_row_once(seed: int) -> None:
    import random

    lines = [orjson.dumps(good(number)) + b"\n" for number in range(len(SENT))] * 3 + [b"\n", b"nonsense\n"]
    random.Random(seed).shuffle(lines)
    found = reader()
    ended = found.chunk(lines)
    assert Counter(answer.ended for _, _, answer in ended) == {Ended.OK: len(SENT)}
    assert {asked for _, asked, _ in ended} == {
        (one.id, "here", one.draw, row.request) for one, name in zip(SENT, IDS, strict=True) for row in [InputFileReader(DATA)[name]]
    }  # fmt: skip
    assert (found.oddities.repeated, found.oddities.unreadable) == (2 * len(SENT), 1)
    assert not found.missing("completed")


@pytest.mark.parametrize(
    ("line", "ended"),
    [
        ({"response": None, "error": {"code": "batch_expired", "message": "late"}}, Ended.EXPIRED),
        ({"response": None, "error": {"code": "batch_cancelled", "message": "stopped"}}, Ended.EXPIRED),
        ({"response": None, "error": None}, Ended.OVERLOADED),
        ({"response": {"status_code": 0, "body": None}}, Ended.OVERLOADED),
        ({"response": {"status_code": 10**30, "body": {}}}, Ended.OVERLOADED),
        ({"response": {"status_code": 400, "body": {"error": {"message": "half \ud83d"}}}}, Ended.REFUSED),
        ({"response": {"status_code": 429, "body": {"error": {"message": "slow"}}}}, Ended.RATE_LIMITED),
        ({"response": {"status_code": 401, "body": {"error": {"code": "invalid_api_key"}}}}, Ended.NO_ACCESS),
        ({"response": {"status_code": 200, "body": "not JSON"}}, Ended.MALFORMED),
        ({"response": {"status_code": 200, "body": "[" * 5000}}, Ended.MALFORMED),
        ({"response": {"status_code": 200, "body": {"choices": []}}}, Ended.MALFORMED),
    ],
)
def test_a_line_that_is_no_answer_says_why(line: dict[str, Any], ended: Ended) -> None:
    ((_, _, answer),) = reader().chunk([json.dumps({"custom_id": IDS[0]} | line).encode()])
    assert answer.ended is ended
    assert answer.error


def test_an_answer_without_counts_is_counted_here() -> None:
    """Also where its prompt holds half an emoji."""
    line = good(len(SENT) - 1)
    del line["response"]["body"]["usage"]
    ((_, _, answer),) = reader().chunk([orjson.dumps(line)])
    assert answer.ok
    assert not answer.usage.measured
    assert answer.usage.prompt_tokens > 0


def test_a_byte_order_mark_before_the_first_line_costs_no_row() -> None:
    found = reader()
    ((_, _, answer),) = found.chunk([b"\xef\xbb\xbf" + orjson.dumps(good(0))])
    assert (answer.ended, found.oddities.unreadable) == (Ended.OK, 0)


def test_lines_end_at_a_newline_and_at_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "output.jsonl"
    path.write_bytes("a\u2028b\x85c\n\nd\r\ne".encode())
    assert [line for part in results.read_lines(path) for line in part] == [
        "a\u2028b\x85c\n".encode(),
        b"\n",
        b"d\r\n",
        b"e",
    ]


@pytest.mark.parametrize(
    ("line", "ended"),
    [({"response": {"status_code": "200", "body": json.dumps(good(0)["response"]["body"])}}, Ended.OK),
     ({"response": {"status_code": 200, "body": 'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n'}}, Ended.OK),
     ({"response": good(0)["response"]["body"], "error": None}, Ended.OK), ({"body": good(0)["response"]["body"]}, Ended.OK),
     ({"result": {"type": "succeeded", "message": {"type": "message", "content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn"}}}, Ended.OK),
     ({"result": {"type": "errored", "error": {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}}}, Ended.OVERLOADED),
     ({"result": {"type": "expired"}}, Ended.EXPIRED), ({"result": {"type": "canceled"}}, Ended.EXPIRED),
     ({"response": {"status_code": 200, "body": {"error": {"message": "slow down", "code": 429}}}}, Ended.RATE_LIMITED),
     ({"response": {"status_code": "429", "body": {"error": {"message": "no credit", "code": "insufficient_quota"}}}}, Ended.NO_ACCESS),
     ({"response": {"status_code": 400, "body": {"error": {"message": "Failed to generate JSON", "code": "json_validate_failed"}}}}, Ended.OVERLOADED),
     ({"response": None, "error": {"code": "batch_expired", "message": "late"}}, Ended.EXPIRED),
     ({"response": None, "error": {"code": "insufficient_quota", "message": "x"}}, Ended.NO_ACCESS),
     ({"response": None, "error": {"code": "server_error", "message": "x"}}, Ended.OVERLOADED), ({"response": None, "error": None}, Ended.OVERLOADED),
     ({"response": {"status_code": "²00", "body": {}}}, Ended.OVERLOADED),
     ({"response": {"status_code": 200, "body": {"choices": [{"message": {"content": "x"}, "finish_reason": "error"}], "usage": {"prompt_tokens": 1,
     "completion_tokens": 1}}}}, Ended.MALFORMED)],
)  # fmt: skip
def test_a_line_is_read_as_a_live_reply_would_be(line: dict[str, Any], ended: Ended) -> None:
    """A status as text, a body as text, an error under 200, an error without a response, the forms of other hosts."""
    ((_, _, answer),) = reader(1).chunk([json.dumps({"custom_id": IDS[0], **line}).encode()])
    assert answer.ended is ended
    assert answer.ok or answer.error
