"""The wall against endpoints whose own counts are not ours: completions above max_tokens, and prompts that were cut."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest
from echoes import completion, echoing

from distill.errors import BudgetReached
from distill.money import Budget, Rate
from distill.records import Answer, Ended, Request, Usage
from distill.teacher import counts, runner
from distill.teacher.counts import TokenCounts
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.pace import Pace
from distill.teacher.store.store import Store, opened
from distill.teacher.worker_context import WorkerContext

RATE = Rate(1.0, 4.0)
LIMIT = 0.05


def rows(count: int, start: int = 0, words: int = 1) -> list[Request]:
    return [
        Request("here", {"model": "m", "messages": [{"role": "user", "content": f"row {n} " + "word " * words}], "max_tokens": 60})
        for n in range(start, start + count)
    ]  # fmt: skip


async def spend(
    store: Store, teacher: object, wanted: list[Request], *, pace: Pace | None = None, learnt: TokenCounts | None = None
) -> tuple[WorkerContext, list[str]]:
    said: list[str] = []
    context = WorkerContext(
        teacher=teacher, store=store, run="t/001", spender="teacher", budget=Budget(LIMIT, store.spent("t/001")), price=RATE.usd,  # type: ignore[arg-type]  # anything that answers
        pace=pace or Pace(in_flight=64), counts=learnt or TokenCounts(), say=said.append,
    )  # fmt: skip
    with pytest.raises(BudgetReached):
        await runner.run(wanted, context, in_flight=64)
    return context, said


@pytest.mark.parametrize(
    "pace", [Pace(in_flight=64), Pace(in_flight=64, requests_per_minute=10_000, tokens_per_minute=10**9)]
)
async def test_an_endpoint_that_counts_5000_tokens_for_60_passes_the_wall_by_one_call_at_most(
    tmp_path: Path, pace: Pace
) -> None:
    """64 in flight over a real line, with limits that are known and that are not; it is told once."""
    async with echoing(lambda *_: (200, completion("fine", used=(20, 5000)))) as (url, came):
        teacher = Endpoint("m", url, price=RATE.usd)
        with opened(tmp_path / "a.db") as store:
            _, said = await spend(store, teacher, rows(300), pace=pace)
            spent = store.spent("t/001")
        await teacher.close()
    assert spent <= LIMIT + RATE.usd(Usage(20, 5000))
    assert len(came) == round(spent / RATE.usd(Usage(20, 5000)))
    assert len(said) == 1
    assert "counts more tokens than max_tokens allows (5,000 for 60)" in said[0]


async def test_what_is_counted_for_replies_that_are_no_answer_is_held_too(tmp_path: Path) -> None:
    """Four thousand tokens for 60, and no choices: the calls behind the first are booked at so many."""
    empty = {"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 4000}}
    async with echoing(lambda *_: (200, json.dumps(empty).encode())) as (url, came):
        teacher = Endpoint("m", url, price=RATE.usd)
        with opened(tmp_path / "a.db") as store:
            _, said = await spend(store, teacher, rows(100))
            spent = store.spent("t/001")
        await teacher.close()
    assert spent <= LIMIT
    assert len(came) == round(spent / RATE.usd(Usage(20, 4000)))
    assert len(said) == 1


@pytest.mark.parametrize("seed", range(5))
async def test_an_endpoint_whose_excess_varies_passes_the_wall_by_little(tmp_path: Path, seed: int) -> None:
    """Short answers first, and between the long ones: what was risked before it was known is a share of the budget."""
    draw = random.Random(seed)
    used = [draw.randint(5, 60) for _ in range(seed)] + [draw.choice((40, draw.randint(500, 3000))) for _ in range(500)]
    sent: list[int] = []

    def reply(request: Request) -> Answer:
        sent.append(used[len(sent)])
        usage = Usage(20, sent[-1])
        return Answer(request.id, Ended.OK, "fine", "stop", usage, RATE.usd(usage), status=200)

    with opened(tmp_path / "a.db") as store:
        await spend(store, Scripted(reply), rows(400))
        assert store.spent("t/001") <= LIMIT + 3 * RATE.usd(Usage(20, 3000))


async def test_a_second_run_knows_what_the_store_has_seen(tmp_path: Path) -> None:
    """Its very first call is booked at the endpoint's count."""
    usage = Usage(20, 5000)
    teacher = Scripted(lambda r: Answer(r.id, Ended.OK, "fine", "stop", usage, RATE.usd(usage), status=200))
    with opened(tmp_path / "a.db") as store:
        await spend(store, teacher, rows(50))
        learnt = counts.learnt(TokenCounts(), counts.stored_usage(store, "here", "m"))
        assert learnt.theirs(Usage(20, 60)).completion_tokens >= 5000
        assert counts.of_run(store, "t/001")["teacher"][0].startswith("the endpoint counts more tokens")
        sent = teacher.sent
        await spend(store, teacher, rows(50, start=100), learnt=learnt)
    assert teacher.sent == sent, "there is no room for one more such call, and that was known"


async def test_an_honest_endpoint_is_not_held_up(tmp_path: Path) -> None:
    """After the first call all go at once where the budget has room for them."""
    flying, sent, all_out = [0], [0], asyncio.Event()

    class Slow(Scripted):
        async def answer(self, request: Request) -> Answer:
            """Nobody answers, but the first, before 64 are out at once."""
            sent[0] += 1
            flying[0] += 1
            if flying[0] == 64:
                all_out.set()
            if sent[0] > 1:
                await asyncio.wait_for(all_out.wait(), 20)
            flying[0] -= 1
            usage = Usage(10, 50)
            return Answer(request.id, Ended.OK, "fine", "stop", usage, RATE.usd(usage), status=200)

    with opened(tmp_path / "a.db") as store:
        context = WorkerContext(
            teacher=Slow(), store=store, run="t/001", spender="teacher", budget=Budget(100.0), price=RATE.usd, pace=Pace(in_flight=64)
        )  # fmt: skip
        progress = await runner.run(rows(200), context, in_flight=64)
    assert all_out.is_set()
    assert progress.answered == 200


async def test_an_endpoint_that_only_fails_is_not_asked_one_at_a_time_for_ever(tmp_path: Path) -> None:
    teacher = Scripted(lambda r: Answer(r.id, Ended.TIMEOUT, error="slow"))
    with opened(tmp_path / "a.db") as store:
        context = WorkerContext(
            teacher=teacher, store=store, run="t/001", spender="teacher", budget=Budget(1.0), price=RATE.usd, pace=Pace(), attempts=1
        )  # fmt: skip
        progress = await runner.run(rows(30), context, in_flight=16)
    assert progress.failed == 30
    assert context.counts.known


def told(*pairs: tuple[int, int]) -> list[str]:
    """What is said of (sent, read) prompt tokens, one answer after another."""
    learnt = TokenCounts()
    return [said for sent, read in pairs if (said := learnt.learn(Usage(sent, 60), Usage(read, 10)))]


@pytest.mark.parametrize(
    "pairs",
    [
        [(10_000, 64)],
        [(10_000, 64), (9_000, 64), (12_000, 64)],
        [(1_000, 100)] * 3,
        [(2_500, 2_048), (4_000, 2_048), (9_000, 2_048)],
        [(300, 310), (6_000, 4_096), (5_000, 4_096), (7_000, 4_096)],
    ],
)
def test_a_prompt_that_the_server_cut_is_told_at_once_and_once(pairs: list[tuple[int, int]]) -> None:
    said = told(*pairs)
    assert len(said) == 1
    assert "most likely it cuts long prompts" in said[0]


@pytest.mark.parametrize(
    "pairs",
    [
        [(50, 10)] * 20,
        [(1_000, 700), (2_000, 1_500), (900, 640)] * 5,
        [(1_000, 2_500)] * 5,
        [(1_000, 900)] * 50,
        [(1_000, 240), (1_000, 900), (1_000, 240)],
    ],
)
def test_an_endpoint_with_another_tokeniser_is_not_accused(pairs: list[tuple[int, int]]) -> None:
    assert told(*pairs) == []


def test_an_endpoint_that_does_not_count_schemas_and_tools_is_not_accused() -> None:
    """Ours are in the ceiling; the conversation alone is what its count is held against."""
    learnt = TokenCounts()
    assert [learnt.learn(Usage(2_400, 60), Usage(390, 10), lambda: 400) for _ in range(5)] == [None] * 5
    assert [learnt.learn(Usage(2_400, 60), Usage(64, 10), lambda: 2_000) is not None for _ in range(2)] == [True, False]
