"""Several endpoints asked as one: by the runner, over clients that take their time, die, slow down and come back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from no_wait import run

from distill.errors import AccessRefused, RowsOwed, UsageError
from distill.money import Budget, Rate
from distill.records import Answer, Ended, Request, Usage
from distill.teacher import runner
from distill.teacher.pace import Pace
from distill.teacher.pool.circuit import Circuit, Health
from distill.teacher.pool.member import Member
from distill.teacher.pool.pool import Pool
from distill.teacher.progress import Progress
from distill.teacher.runner import WorkerContext
from distill.teacher.store.store import opened

LIMIT = 4


@dataclass
class Place:
    """An endpoint in this process: its latency and how it ends a call depend on the seconds since it was made."""

    latency_s: Callable[[float], float] = lambda _at: 1.0
    ends: Callable[[float], Ended] = lambda _at: Ended.OK
    named: str = "m"
    began: float = field(default_factory=time.monotonic)
    in_flight: int = 0
    most: int = 0
    given: Counter[str] = field(default_factory=Counter)
    at: list[float] = field(default_factory=list)

    async def answer(self, request: Request) -> Answer:
        at = time.monotonic() - self.began
        self.at.append(at)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await asyncio.sleep(self.latency_s(at))
        self.in_flight -= 1
        ended = self.ends(at)
        took = time.monotonic() - self.began - at
        if ended is not Ended.OK:
            return Answer(request.id, ended, error="gone", latency_s=took)
        self.given[request.id] += 1
        return Answer(request.id, Ended.OK, "a", "stop", Usage(1, 1), 0.5, model=self.named, latency_s=took)


def until(end: float, ended: Ended, back: float = float("inf")) -> Callable[[float], Ended]:
    """OK before and after; a call that is sent between the two ends so."""
    return lambda at: Ended.OK if at < end or at >= back else ended


def requests(count: int) -> list[Request]:
    return [
        Request("x", {"model": "m", "messages": [{"role": "user", "content": str(n)}], "max_tokens": 5})
        for n in range(count)
    ]


def pool(*places: Place, said: list[str] | None = None) -> Pool:
    paces = [Pace(requests_per_minute=10**6, tokens_per_minute=10**9, in_flight=LIMIT) for _ in places]
    members = [Member(place, pace, f"http://{n}") for n, (place, pace) in enumerate(zip(places, paces, strict=True))]
    return Pool(members, (said if said is not None else []).append)


async def work(path: Path, asked: Pool, count: int) -> Progress:
    with opened(path / "a.db") as store:
        context = WorkerContext(
            pool=asked, store=store, run="t/001", spender="teacher", budget=Budget(), price=Rate(1, 1).usd
        )
        return await runner.run(requests(count), context, in_flight=LIMIT * len(asked.members))


def answers(path: Path) -> set[str]:
    with opened(path / "a.db") as store:
        return {row[0] for row in store.query("SELECT request_id FROM answers")}


def test_one_that_dies_is_left_out_and_its_rows_are_answered_elsewhere_once(tmp_path: Path) -> None:
    """400 rows over four: nothing is lost, nothing is given twice, nobody gets more than its limit."""

    async def all_of_it() -> tuple[Progress, list[Place], float]:
        places = [Place(), Place(), Place(), Place(ends=until(5, Ended.BROKEN))]
        began = time.monotonic()
        progress = await work(tmp_path, pool(*places, said=said), 400)
        return progress, places, time.monotonic() - began

    said: list[str] = []
    progress, places, seconds = run(all_of_it())
    assert (progress.answered, progress.failed) == (400, 0)
    given = sum((place.given for place in places), Counter[str]())
    assert set(given.values()) == {1}
    assert given.keys() == answers(tmp_path)
    assert [place.most for place in places] == [LIMIT] * 4
    tries = [at for at in places[3].at if at > 7]
    assert len(tries) < 8, "it is tried again with single calls that come ever later"
    assert said[0].startswith("  http://3 is down and left out (broken: gone); 3 of 4 endpoints go on")
    assert seconds < 1.1 * (5 + (400 - 80) / 12)


def test_with_one_of_four_dead_and_one_slowed_ten_fold_nine_tenths_of_the_rest_is_kept(tmp_path: Path) -> None:
    """Of what two living endpoints and a tenth of one give together, from that moment to the last answer."""

    async def all_of_it() -> float:
        slow = Place(latency_s=lambda at: 10.0 if at >= 20 else 1.0)
        places = [Place(), Place(), slow, Place(ends=until(20, Ended.BROKEN))]
        began = time.monotonic()
        progress = await work(tmp_path, pool(*places), 1600)
        assert progress.answered == 1600
        assert set(sum((place.given for place in places), Counter[str]()).values()) == {1}
        return time.monotonic() - began - 20

    left = 1600 - 20 * 4 * LIMIT
    assert left / run(all_of_it()) >= 0.9 * 2.1 * LIMIT


def test_one_that_comes_back_is_asked_again(tmp_path: Path) -> None:
    async def all_of_it() -> tuple[Place, Place]:
        places = Place(), Place(ends=until(3, Ended.CONNECTION, back=10))
        await work(tmp_path, pool(*places, said=said), 200)
        return places

    said: list[str] = []
    _, back = run(all_of_it())
    assert len([at for at in back.at if 3 <= at < 10]) <= LIMIT + 4
    assert len([at for at in back.at if at >= 12]) > 20
    assert said[-1] == "  http://1 answers again"


def test_one_that_slows_is_left_out_until_its_answers_come_as_before(tmp_path: Path) -> None:
    async def all_of_it() -> tuple[Place, Pool, Progress]:
        slow = Place(latency_s=lambda at: 10.0 if 20 <= at < 60 else 1.0)
        asked = pool(Place(), Place(), slow, said=said)
        return slow, asked, await work(tmp_path, asked, 1500)

    said: list[str] = []
    slow, asked, progress = run(all_of_it())
    assert progress.answered == 1500
    assert "http://2 is slow and left out (its answers take" in said[0]
    assert len([at for at in slow.at if 42 <= at < 60]) <= 3
    assert asked.members[2].circuit.living
    assert len([at for at in slow.at if at > 90]) > 40


def test_a_box_that_was_always_slow_is_asked_as_much_as_it_takes(tmp_path: Path) -> None:
    async def all_of_it() -> tuple[Place, Pool]:
        slow = Place(latency_s=lambda _at: 20.0)
        asked = pool(Place(), slow)
        await work(tmp_path, asked, 600)
        return slow, asked

    slow, asked = run(all_of_it())
    assert asked.members[1].circuit.living
    assert slow.given.total() >= 24


def test_a_row_is_not_given_up_while_an_endpoint_lives(tmp_path: Path) -> None:
    """Seven of eight are not there: more than the attempts of a row."""

    async def all_of_it() -> Progress:
        dead = [Place(ends=lambda _at: Ended.CONNECTION) for _ in range(7)]
        return await work(tmp_path, pool(*dead, Place()), 60)

    progress = run(all_of_it())
    assert (progress.answered, progress.failed) == (60, 0)


def test_where_none_was_ever_reached_the_run_stops_and_says_so(tmp_path: Path) -> None:
    async def all_of_it() -> None:
        await work(tmp_path, pool(*(Place(ends=lambda _at: Ended.CONNECTION) for _ in range(3))), 20)

    with pytest.raises(RowsOwed, match="none of the endpoints can be reached"):
        run(all_of_it())


def test_one_that_refuses_the_key_is_left_out_and_only_all_of_them_stop_the_run(tmp_path: Path) -> None:
    async def some() -> Progress:
        return await work(tmp_path, pool(Place(ends=lambda _at: Ended.NO_ACCESS), Place(), said=said), 40)

    async def every() -> None:
        await work(tmp_path, pool(*(Place(ends=lambda _at: Ended.NO_ACCESS) for _ in range(3))), 60)

    said: list[str] = []
    assert run(some()).answered == 40
    assert "http://0 is refusing and left out (0: gone)" in said[0]
    with pytest.raises(AccessRefused, match="no endpoint is left that takes this key"):
        run(every())


def test_two_models_under_one_name_stop_the_run_and_the_other_models_answer_is_none(tmp_path: Path) -> None:
    """It is paid for, and kept in the ledger; the row stays pending."""

    async def all_of_it() -> tuple[Place, Place]:
        places = Place(named="qwen3-8b"), Place(named="llama-3.1-8b", latency_s=lambda _at: 2.0)
        with pytest.raises(UsageError, match=r"'qwen3-8b', http://1 as 'llama-3\.1-8b'"):
            await work(tmp_path, pool(*places), 100)
        return places

    first, other = run(all_of_it())
    assert answers(tmp_path) == first.given.keys()
    with opened(tmp_path / "a.db") as store:
        paid = store.query(
            "SELECT count(*), count(settled), sum(usd>0) FROM attempts WHERE ended='malformed'"
        ).fetchone()
    assert paid == (other.given.total(),) * 3


ENDS = st.sampled_from([Ended.OK] * 6 + [Ended.BROKEN, Ended.CONNECTION, Ended.OVERLOADED, Ended.RATE_LIMITED])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 3), st.lists(ENDS, min_size=1, max_size=12)), min_size=1, max_size=4))
def test_whatever_they_do_no_endpoint_gets_more_than_its_limit(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[tuple[float, list[Ended]]]
) -> None:
    """And no row is answered twice, and each is answered or given up."""

    def place(latency: float, ends: list[Ended]) -> Place:
        return Place(latency_s=lambda _at: latency, ends=lambda at: ends[int(at) % len(ends)])

    async def all_of_it(path: Path) -> tuple[Progress | None, list[Place]]:
        places = [place(*kind) for kind in kinds]
        try:
            return await work(path, pool(*places), 40), places
        except RowsOwed:  # nothing was ever reached
            return None, places

    folder = tmp_path_factory.mktemp("pool")
    progress, places = run(all_of_it(folder))
    assert all(place.most <= LIMIT for place in places)
    given_ = sum((place.given for place in places), Counter[str]())
    assert set(given_.values()) <= {1}
    assert given_.keys() == answers(folder)
    assert progress is None or progress.answered + progress.failed == 40


def test_the_pause_of_a_pool_is_that_of_the_first_that_goes_on() -> None:
    async def all_of_it() -> list[float]:
        asked = pool(Place(), Place())
        found = [asked.pause_s]
        for member, wait_s in zip(asked.members, (60, 30), strict=True):
            turn = await member.pace.turn(1)
            assert turn is not None
            member.pace.done(turn, tokens=0, limited=True, wait_s=wait_s)
            found.append(asked.pause_s)
        asked.members[1].circuit = Circuit(Health.DOWN, retry_at=float("inf"))
        return [*found, asked.pause_s]

    assert run(all_of_it()) == [0, 0, 30, 60]


def test_a_pool_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="no endpoint"):
        Pool([])
