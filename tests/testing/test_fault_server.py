"""The runner against an endpoint that fails in every way: no row lost, none paid twice, the same answers in the end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from distill.errors import AccessRefused, BudgetReached
from distill.money import Budget, Rate
from distill.records import Ended, Request
from distill.teacher import runner
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.pace import Pace
from distill.teacher.progress import Progress
from distill.teacher.runner import WorkerContext
from distill.teacher.store.store import Store, opened
from distill.testing.fault_server import Script, Server, serve
from distill.testing.faults import FAULTS, OF_CHAT

RATE = Rate(1.0, 1.0)
NO_ANSWER = {
    "quota": Ended.NO_ACCESS, "400": Ended.REFUSED, "401": Ended.NO_ACCESS, "404": Ended.NO_ACCESS, "422": Ended.REFUSED,
    "500": Ended.OVERLOADED, "502": Ended.OVERLOADED, "503": Ended.OVERLOADED, "529": Ended.OVERLOADED, "error-200": Ended.OVERLOADED,
    "reset": Ended.BROKEN, "reset-unread": Ended.BROKEN, "half-close": Ended.BROKEN, "cut": Ended.BROKEN,
    "long-length": Ended.BROKEN, "drip": Ended.TIMEOUT, "hang": Ended.TIMEOUT, "hang-midway": Ended.TIMEOUT,
} | dict.fromkeys(["429", "429-ms", "429-date", "429-silent", "429-absurd"], Ended.RATE_LIMITED) | dict.fromkeys(
    ["short-length", "html", "empty", "not-json", "not-utf8", "no-choices", "no-finish", "gzip-bomb"],
    Ended.MALFORMED,
)  # fmt: skip
ANSWERED = ("null-content", "no-usage", "surrogate", "line-separators", "length", "filtered", "refusal")


def asked(count: int) -> list[Request]:
    return [
        Request("here", {"model": "m", "messages": [{"role": "user", "content": f"row {n}"}], "max_tokens": 20})
        for n in range(count)
    ]


async def go(server: Server, store: Store, count: int, *, limit: float | None = None, **settings: Any) -> Progress:
    teacher = Endpoint("m", server.base_url, timeout_s=settings.pop("timeout_s", 5.0), price=RATE.usd)
    in_flight = settings.pop("in_flight", 16)
    pace = settings.pop("pace", None) or Pace(in_flight=in_flight)
    context = WorkerContext(
        teacher=teacher, store=store, run="t/001", spender="teacher", budget=Budget(limit), price=RATE.usd, pace=pace,
        **settings,
    )  # fmt: skip
    try:
        return await runner.run(asked(count), context, in_flight=in_flight)
    finally:
        await teacher.close()


def test_the_table_of_this_test_names_every_fault() -> None:
    assert set(FAULTS) == {*NO_ANSWER, *ANSWERED}


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_each_fault_is_what_it_is(fault: str) -> None:
    """One attempt at each: classified, within its deadline and a second, and never an answer that it is not."""
    within_s = 1.0 if NO_ANSWER.get(fault) is Ended.TIMEOUT else 10.0  # a busy machine takes long to pack a gzip bomb
    async with serve(Script(faults={fault: 1.0}, retry_after_s=0.7)) as server:
        teacher = Endpoint("m", server.base_url, timeout_s=within_s)
        try:
            answer = await asyncio.wait_for(teacher.answer(asked(1)[0]), within_s + 1)
        finally:
            await teacher.close()
    assert answer.ended is NO_ANSWER.get(fault, Ended.OK), answer.error
    if not answer.ok:
        assert answer.text == ""
        assert answer.error
    if fault in ("429", "429-ms", "503"):
        assert answer.retry_after_s == pytest.approx(0.7)


@pytest.mark.parametrize(
    "fault", sorted({*OF_CHAT, "surrogate", "line-separators", "not-utf8", "no-usage", "error-200", "500"})
)
async def test_faults_of_the_responses_api(fault: str) -> None:
    """Those that rewrite a chat completion leave a response whole; the others are what they are."""
    asked = Request("here", {"model": "m", "input": [{"role": "user", "content": "row 1"}], "max_output_tokens": 20})
    async with serve(Script(faults={fault: 1.0})) as server:
        teacher = Endpoint("m", server.base_url, timeout_s=1.0)
        try:
            answer = await teacher.answer(asked)
        finally:
            await teacher.close()
    assert answer.ended is (Ended.OK if fault in OF_CHAT else NO_ANSWER.get(fault, Ended.OK)), answer.error
    marked = {"surrogate": "\ud83d", "line-separators": "\u2028\x85\u2029"}.get(fault, "")
    assert answer.text == (f"{marked}row 1" if answer.ok else "")


async def test_five_per_cent_of_server_errors_cost_five_per_cent_more_sends(tmp_path: Path) -> None:
    """Every row answered, at most 1.10 sends an answer, and the two ledgers agree to the cent."""
    async with serve(Script(seed=3, faults={"500": 0.05})) as server:
        with opened(tmp_path / "a.db") as store:
            progress = await go(server, store, 600)
            assert (progress.answered, progress.failed) == (600, 0)
            assert progress.sends <= 1.10 * 600
            assert set(server.ledger.billed.values()) == {1}
            assert store.spent("t/001") == pytest.approx(server.ledger.usd, abs=1e-9)


async def test_any_mix_of_faults_ends_in_the_same_answers(tmp_path: Path) -> None:
    """Broken lines, cuts, hangs, 429s and 500s: the store holds the answers of a quiet server, each once."""
    mix = dict.fromkeys(["500", "429-ms", "reset", "cut", "html", "no-choices", "half-close", "503"], 0.04)
    texts = []
    for name, script in (("a", Script()), ("b", Script(seed=5, faults=mix, retry_after_s=0.05))):
        async with serve(script) as server:
            with opened(tmp_path / f"{name}.db") as store:
                progress = await go(server, store, 120, attempts=12, unknown=12)
                assert (progress.answered, progress.failed) == (120, 0)
                texts.append([(found.text if (found := store.get(r.id)) else None) for r in asked(120)])
    assert texts[0] == texts[1]


async def test_what_may_have_been_billed_is_capped_and_booked(tmp_path: Path) -> None:
    """A line that always breaks: three sends a row, each booked at its ceiling, the rows left owed."""
    async with serve(Script(faults={"cut": 1.0})) as server:
        with opened(tmp_path / "a.db") as store:
            progress = await go(server, store, 4, attempts=9, unknown=3)
            assert (progress.failed, progress.sends) == (4, 12)
            assert store.spent("t/001") >= server.ledger.usd > 0


async def test_a_storm_of_429s_fails_no_row_and_is_waited_out(tmp_path: Path) -> None:
    """For a second everything is refused: no row is lost, nobody knocks before its time, and only a few knock at all."""
    async with serve(Script(storm=(0.1, 1.1), retry_after_s=0.2)) as server:
        with opened(tmp_path / "a.db") as store:
            progress = await go(server, store, 1200)
            assert (progress.answered, progress.failed) == (1200, 0)
        refused = sum(entry.status == 429 for entry in server.ledger.entries)
        assert 0 < refused < 60
        assert not any(entry.early for entry in server.ledger.entries)


async def test_honest_limits_are_filled_without_knocking_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shortened minute: the limits are learnt from the headers and filled; how well exactly, `benchmarks/storms.py` measures."""
    monkeypatch.setattr("distill.teacher.pace.WINDOW_S", 1.0)
    monkeypatch.setattr("distill.testing.fault_server.WINDOW_S", 1.0)
    async with serve(Script(requests_per_minute=200, tokens_per_minute=100_000)) as server:
        with opened(tmp_path / "a.db") as store:
            progress = await go(server, store, 600)
        taken = [entry.at for entry in server.ledger.entries if entry.status == 200]
        refused = len(server.ledger.entries) - len(taken)
    assert (progress.answered, progress.failed) == (600, 0)
    assert refused <= 30, "a runner that knew no limits would be refused about four hundred times"
    assert not any(entry.early for entry in server.ledger.entries)
    assert taken[-1] - taken[0] < 4.5, "three windows' worth takes two windows and a little"


async def test_a_quota_that_is_empty_stops_at_once(tmp_path: Path) -> None:
    """`insufficient_quota` is a 429 that no waiting mends: exit 6 after what was in flight."""
    async with serve(Script(faults={"quota": 1.0})) as server:
        with opened(tmp_path / "a.db") as store, pytest.raises(AccessRefused, match="quota"):
            await go(server, store, 100)
        assert len(server.ledger.entries) <= 16


async def test_the_budget_holds_in_the_servers_own_ledger(tmp_path: Path) -> None:
    """The limit is used to the last call that fits, and not passed."""
    async with serve(Script()) as server:
        with opened(tmp_path / "a.db") as store, pytest.raises(BudgetReached):
            await go(server, store, 500, limit=0.001)
        dearest = max(entry.usd for entry in server.ledger.entries)
        assert server.ledger.usd <= 0.001 + 16 * dearest
        assert server.ledger.usd >= 0.001 - 16 * 5e-5


async def test_an_answer_with_half_an_emoji_is_kept_exactly(tmp_path: Path) -> None:
    """Lone surrogates and U+2028 come back from the store as they came over the line."""
    async with serve(Script(faults={"surrogate": 0.5, "line-separators": 0.5})) as server:
        with opened(tmp_path / "a.db") as store:
            await go(server, store, 10)
            texts = [found.text for r in asked(10) if (found := store.get(r.id))]
    assert len(texts) == 10
    assert {text[0] for text in texts} == {"\ud83d", "\u2028"}
