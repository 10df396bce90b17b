"""The corpus of bodies and the double that answers with it: whole, exact, billed, and harmless to a dataset by default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from batch_server import CHAT, BatchServer, line

from distill.money import Budget, Rate
from distill.records import Ended, Request
from distill.teacher import runner
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.pace import Pace
from distill.teacher.runner import WorkerContext
from distill.teacher.store.store import opened
from distill.testing.batch.states import BatchScript
from distill.testing.completions import complete
from distill.testing.dialects import KINDS, SERVERS, Body, corpus, load, names, template
from distill.testing.dialects.draw import ALL, MOST_FAULTS, Dialects
from distill.testing.fault_server import Script, Server, serve

BODIES = [body for name in names() for body in load(name)]
ROW: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "row 1"}], "max_tokens": 64}
TOOLS = ROW | {"tools": [{"type": "function", "function": {"name": "look"}}], "tool_choice": "required"}
RESPONSE: dict[str, Any] = {"model": "m", "input": [{"role": "user", "content": "row 1"}]}
LOOK = {"type": "function", "name": "look"}
ASKING = {
    ("chat", "answer"): ROW, ("chat", "tool"): TOOLS, ("chat", ""): ROW, ("responses", "answer"): RESPONSE,
    ("responses", "tool"): RESPONSE | {"tools": [LOOK], "tool_choice": "required"}, ("responses", ""): RESPONSE,
}  # fmt: skip


def test_the_corpus_is_large_and_half_of_it_is_of_named_servers() -> None:
    """And each name is one body's."""
    assert len(BODIES) >= 260
    assert len({body.name for body in BODIES}) == len(BODIES)
    assert sum(body.server != "any" for body in BODIES) >= len(BODIES) / 2
    assert {body.server for body in BODIES} >= set(SERVERS)
    folder = Path(corpus.__file__).parent
    assert {path.stem for path in folder.glob("*.jsonl")} == {*SERVERS, *KINDS}


@pytest.mark.parametrize("name", SERVERS)
def test_a_named_server_is_there_with_all_that_it_says(name: str) -> None:
    """An answer that can carry any other, one cut with and without text, a call, thoughts, and every kind of error."""
    bodies = load(name)
    readings = [body.reading for body in bodies]
    assert {body.carries for body in bodies} == {"answer", "tool", ""}
    assert {body.ended for body in bodies} >= {
        Ended.OK,
        Ended.RATE_LIMITED,
        Ended.OVERLOADED,
        Ended.NO_ACCESS,
        Ended.REFUSED,
    }
    cut = [bool(reading.get("text")) for reading in readings if reading.get("finish_reason") == "length"]
    assert set(cut) == {True, False}
    thought = [one for one in readings if one.get("reasoning") or one.get("usage", {}).get("reasoning_tokens")]
    assert any(one.get("text") for one in thought)


def test_a_carrier_says_its_own_reading() -> None:
    """What is put into it by default is the text or the call of the reading."""
    for one in BODIES:
        if one.carries == "answer":
            assert json.dumps(one.reading["text"], ensure_ascii=False)[1:-1].encode() in one.body, one.name
        if one.carries == "tool":
            assert one.reading["tool_calls"][0][0].encode() in one.body, one.name


LINE: dict[str, Any] = {
    "name": "a", "server": "any", "api": "chat", "status": 200, "headers": {}, "body": "", "reading": {"ended": "ok"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"color": 1}, "color"),
        ({"api": "completions"}, "api 'completions'"),
        ({"status": "200"}, "status '200'"),
        ({"reading": {"ended": "fine"}}, "fine"),
        ({"reading": {"ended": "ok", "txt": ""}}, "no 'txt'"),
        ({"reading": {"ended": "ok", "usage": {"tokens": 1}}}, "no 'tokens'"),
        ({"reading": {"ended": "ok", "text": {"repeat": "a"}}}, "no recipe"),
        ({"reading": {"ended": "ok", "tool_calls": "look"}}, "tool_calls"),
        ({"body": {"yaml": "a"}}, "no recipe"),
    ],
)
def test_a_line_that_is_wrong_is_told(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        corpus._body(LINE | change, "any")


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ("a {{word}}", b"a b"),
        ({"json": {"n": "{{count}}", "t": "{{count}}!"}}, b'{"n":7,"t":"7!"}'),
        ({"events": [{"a": "{{word}}"}, "[DONE]"]}, b'data: {"a":"b"}\n\ndata: [DONE]\n\n'),
        ({"repeat": "[", "times": 3}, b"[[["),
        ({"hex": "fffe"}, b"\xff\xfe"),
        ({"join": ["a", {"hex": "00"}, {"json": None}]}, b"a\x00null"),
        ({"json": "\ud83d"}, b'"\\ud83d"'),
    ],
)
def test_a_recipe_comes_to_bytes(recipe: Any, expected: bytes) -> None:
    assert template.expanded(recipe, {"word": "b", "count": 7}) == expected


async def told(session: aiohttp.ClientSession, server: Server, row: dict[str, Any]) -> tuple[int, Any, bytes]:
    path = "responses" if "input" in row else "chat/completions"
    async with session.post(f"{server.base_url}/{path}", json=row, allow_redirects=False) as response:
        return response.status, response.headers, await response.read()


async def test_every_body_goes_over_the_line_as_it_is() -> None:
    """By its own name: status, headers and bytes, with the double's right answer in those that can carry it."""
    async with serve(Script(), keep_entries=False) as server, aiohttp.ClientSession() as session:
        for one in BODIES:
            server.dialects = Dialects({one.name: 1.0}, retry_after_s=one.reading.get("retry_after_s", 1.0))
            status, headers, sent = await told(session, server, ASKING[one.api, one.carries])
            assert status == one.status, one.name
            assert all(headers[name] == value for name, value in one.headers.items() if value.isascii()), one.name
            if one.carries:
                assert (b"look" if one.carries == "tool" else b"row 1") in sent, one.name
            else:
                assert sent == one.body, one.name


async def test_the_ledger_bills_what_a_body_says() -> None:
    """An answer its usage, an error nothing, what broke off its tokens, and one that says nothing as much as the double's."""
    plain = complete(Request("", ROW), size=len(json.dumps(ROW)))
    expected = {
        "openai answer of a reasoning model": (plain.prompt_tokens, plain.completion_tokens + 64),
        "anthropic answer with its cache beside the input": (2010, 13),
        "usage zeros beside a text": (plain.prompt_tokens, plain.completion_tokens),
        "openrouter generation broke midway": (42, 8),
        "groq rate limit of tokens": (0, 0),
        "deepseek no balance": (0, 0),
        "hostile a login page": (0, 0),
    }
    async with serve(Script()) as server, aiohttp.ClientSession() as session:
        for name in expected:
            server.dialects = Dialects({name: 1.0})
            await told(session, server, ROW)
        found = {entry.fault: (entry.prompt_tokens, entry.completion_tokens) for entry in server.ledger.entries}
    assert found == expected


@pytest.mark.parametrize("name", [*names(), ALL])
def test_by_default_no_request_meets_more_than_two_faults(name: str) -> None:
    """Then it is answered; nothing that costs a row or ends a run is met."""
    dialects = Dialects({name: 1.0}, seed=3)
    bodies = {body.name: body for body in BODIES}
    for n in range(60):
        request = Request("", ROW | {"messages": [{"role": "user", "content": f"row {n}"}]})
        met = [dialects.meet(request, complete(request, size=100)) for _ in range(6)]
        faults = [one for one in met if one is not None and not bodies[one.name].carries]
        assert len(faults) <= MOST_FAULTS
        assert all(bodies[one.name].ended in (Ended.RATE_LIMITED, Ended.OVERLOADED, Ended.MALFORMED) for one in faults)
        assert all(one is None or b"row " in one.body for one in met[-2:] if one not in faults)


def test_more_is_met_where_it_is_asked_for() -> None:
    """`drop` brings bodies that cost a row, `stop` such as end a run; luck is a function of the seed."""
    bodies = {body.name: body for body in BODIES}

    def ends(**settings: Any) -> set[tuple[Ended, bool]]:
        dialects = Dialects({"openrouter": 1.0}, **settings)
        found = []
        for n in range(400):
            request = Request("", ROW | {"messages": [{"role": "user", "content": f"row {n}"}]})
            found.append(dialects.meet(request, complete(request, size=100)))
        return {(bodies[one.name].ended, bool(bodies[one.name].carries)) for one in found if one}

    calm = {(Ended.OK, True), (Ended.RATE_LIMITED, False), (Ended.OVERLOADED, False), (Ended.MALFORMED, False)}
    assert ends() == calm
    assert ends(drop=True) == calm | {(Ended.OK, False), (Ended.REFUSED, False)}
    assert ends(stop=True) == calm | {(Ended.NO_ACCESS, False)}
    one, same, other = (Dialects({ALL: 0.5}, seed=seed) for seed in (1, 1, 2))
    request = Request("", ROW)
    answer = complete(request, size=100)
    names_of = [
        [met and met.name for met in (dialects.meet(request, answer) for _ in range(9))]
        for dialects in (one, same, other)
    ]
    assert names_of[0] == names_of[1] != names_of[2]


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ({"nosuch": 1.0}, "no dialect 'nosuch'"),
        ({"vllm": 1.5}, "vllm=1.5"),
        ({"vllm": 0.8, "groq": 0.8}, "a sum of 1.6"),
    ],
)
def test_a_dialect_that_is_none_is_told(shares: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Dialects(shares)


@pytest.mark.parametrize("name", [*SERVERS, "reasoning", "parts", "endings", "usage", "streams", "others", ALL])
async def test_a_run_against_a_dialect_ends_in_the_answers_of_a_quiet_one(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row answered, none twice, with the very texts; patience is shortened."""
    monkeypatch.setattr("distill.teacher.retry.BASE_S", 0.01)
    rows = [Request("here", ROW | {"messages": [{"role": "user", "content": f"row {n}"}]}) for n in range(40)]
    async with serve(Script(seed=5, dialects={name: 1.0}, retry_after_s=0.01)) as server:
        teacher = Endpoint("m", server.base_url, timeout_s=10.0, price=Rate(1.0, 1.0).usd)
        with opened(tmp_path / "a.db") as store:
            context = WorkerContext(
                teacher=teacher, store=store, run="t/001", spender="teacher", budget=Budget(None), price=Rate(1.0, 1.0).usd,
                pace=Pace(in_flight=8), attempts=9,
            )  # fmt: skip
            try:
                progress = await runner.run(rows, context, in_flight=8)
            finally:
                await teacher.close()
            found = [store.get(row.id) for row in rows]
    assert (progress.answered, progress.failed) == (40, 0)
    assert [one and one.text for one in found] == [f"row {n}" for n in range(40)]


async def in_a_batch(name: str, count: int = 20) -> tuple[BatchServer, list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of both files of one batch against a dialect."""
    script = Script(seed=7, batch=BatchScript(hurry=0.0), dialects={name: 1.0})
    async with serve(script) as server:
        from openai import AsyncOpenAI

        async with AsyncOpenAI(api_key="none", base_url=server.base_url, max_retries=0, timeout=5.0) as client:
            here = BatchServer(server, client)
            batch = await here.ended(await here.submit([line(n) for n in range(count)]))
            assert (batch.status, batch.endpoint) == ("completed", CHAT)
            files = [await here.rows(file) if file else [] for file in (batch.output_file_id, batch.error_file_id)]
    return here, files[0], files[1]


async def test_rows_of_a_batch_come_in_a_dialect_too() -> None:
    """Answers in the output file, errors in the other, each row once, billed as its body says."""
    here, output, errors = await in_a_batch("openai", 60)
    assert len(output) + len(errors) == 60
    statuses = {row["response"]["status_code"] for row in errors}
    assert statuses
    assert statuses <= {429, 500, 503}
    entries = here.server.ledger.entries
    assert {entry.fault for entry in entries} <= {one.name for one in load("openai")}
    assert sum(entry.billed for entry in entries) == len(output)
    assert output[0]["response"]["body"]["model"] == "m"


async def test_a_body_that_no_batch_file_holds_is_not_in_one() -> None:
    """A page is no line of JSON: the row has the plain answer."""
    _, output, errors = await in_a_batch("hostile a login page")
    assert (len(output), errors) == (20, [])
    assert all(row["response"]["body"]["object"] == "chat.completion" for row in output)


def test_a_body_is_one_line_of_its_file() -> None:
    """A name that is given to `--dialect` has no `=` in it, so that a share can follow."""
    assert not any("=" in one.name for one in BODIES)
    assert all(isinstance(one, Body) for one in BODIES)
