"""Several processes over one store: each question is paid for by one of them, and a dead one's is free at once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
from pathlib import Path

import forks
import pytest
from forks import Fork

from distill.money import Budget
from distill.records import Answer, Ended, Request
from distill.teacher import runner
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.pace import Pace
from distill.teacher.store import claims
from distill.teacher.store.store import opened
from distill.teacher.worker_context import WorkerContext
from distill.testing.fault_server import Script, Server, serve

ROWS = 120
SCRIPT = """
import asyncio, sys
from pathlib import Path
from distill.money import Budget, Rate
from distill.records import Request
from distill.teacher import runner
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.pace import Pace
from distill.teacher.store.store import opened

async def main(url, path, count, run):
    rows = [Request("here", {"model": "m", "messages": [{"role": "user", "content": f"row {n}"}], "max_tokens": 20}) for n in range(int(count))]
    with opened(Path(path)) as store:
        teacher = Endpoint("m", url, price=Rate(1, 1).usd)
        context = runner.WorkerContext(teacher=teacher, store=store, run=run, spender="teacher", budget=Budget(), price=Rate(1, 1).usd, pace=Pace(in_flight=8))
        progress = await runner.run(rows, context, in_flight=8)
        print(progress.answered, progress.replayed)
        await teacher.close()

asyncio.run(main(*sys.argv[1:]))
"""


def asked(text: str = "hi") -> Request:
    return Request("here", {"model": "m", "messages": [{"role": "user", "content": text}]})


def start(server: Server, store: Path, run: str) -> Fork:
    return forks.python(SCRIPT, server.base_url, store, ROWS, run)


async def test_two_processes_with_the_same_questions_pay_for_each_once(tmp_path: Path) -> None:
    """At the same moment, over one store: both have all the answers, and the host was asked for each once."""
    store = tmp_path / "answers.db"
    async with serve(Script(latency_s=0.03)) as server:
        both = [start(server, store, f"t{n}/001") for n in range(2)]
        said = [await one.communicate() for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert len(server.ledger.billed) == ROWS
    assert set(server.ledger.billed.values()) == {1}
    counts = [[int(word) for word in out.split()] for out, _ in said]
    assert [sum(one) for one in counts] == [ROWS, ROWS]
    assert sum(answered for answered, _ in counts) == ROWS
    assert not Path(f"{store}-owners").exists()  # noqa: ASYNC240 - a test may


async def test_what_a_killed_process_was_asking_is_asked_by_the_other_at_once(tmp_path: Path) -> None:
    """kill -9 while both are at work: the one that lives takes all, and pays twice only for what was in flight."""
    store = tmp_path / "answers.db"
    async with serve(Script(latency_s=0.05)) as server:
        one, two = [start(server, store, f"t{n}/001") for n in range(2)]
        while len(server.ledger.entries) < 40:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
        os.kill(one.pid, signal.SIGKILL)
        await one.communicate()
        out, fault = await asyncio.wait_for(two.communicate(), 60)
    assert two.returncode == 0, fault
    assert len(server.ledger.billed) == ROWS
    assert sum(server.ledger.billed.values()) - ROWS <= 8
    with sqlite3.connect(store) as db:
        assert db.execute("SELECT count(*) FROM answers").fetchone()[0] == ROWS
    assert sum(int(word) for word in out.split()) == ROWS


async def test_an_open_question_of_a_living_process_cannot_be_claimed_and_a_dead_one_s_can(tmp_path: Path) -> None:
    """By the database itself: two stores as two processes, whatever either of them has looked at before."""
    with opened(tmp_path / "a.db") as ours:
        with opened(tmp_path / "a.db") as theirs:
            first = await theirs.intend(asked(), run="t/001", spender="teacher", reserved_usd=0.5)
            assert first > 0
            assert await ours.intend(asked(), run="u/001", spender="teacher", reserved_usd=0.5) == 0
            assert not await ours.free(asked().id)
            assert await theirs.intend(asked(), run="t/001", spender="teacher", reserved_usd=0.5) > 0, (
                "its own second send"
            )
        assert await ours.free(asked().id), "its process has closed the store"
        assert await ours.intend(asked(), run="u/001", spender="teacher", reserved_usd=0.5) > 0
        assert ours.spent("t/001") == pytest.approx(1.0), "an outcome that is unknown stays so"


async def test_an_answer_that_came_meanwhile_is_taken_and_not_bought(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as ours, opened(tmp_path / "a.db") as theirs:
        attempt = await theirs.intend(asked(), run="t/001", spender="teacher", reserved_usd=0.0)
        teacher = Scripted(lambda _: "ours")
        context = WorkerContext(
            teacher=teacher, store=ours, run="u/001", spender="teacher", budget=Budget(), price=None, pace=Pace()
        )
        work = asyncio.create_task(runner.run([asked()], context, in_flight=2))
        await asyncio.sleep(0.3)
        assert not work.done()
        await theirs.settle(attempt, asked(), Answer(asked().id, Ended.OK, "theirs", "stop"))
        progress = await asyncio.wait_for(work, 5)
        found = ours.get(asked().id)
    assert (progress.replayed, progress.sends, teacher.sent) == (1, 0, 0)
    assert found is not None
    assert found.text == "theirs"


async def test_what_the_other_could_not_answer_is_asked_by_us(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as ours, opened(tmp_path / "a.db") as theirs:
        attempt = await theirs.intend(asked(), run="t/001", spender="teacher", reserved_usd=0.0)
        context = WorkerContext(
            teacher=Scripted(lambda _: "ours"), store=ours, run="u/001", spender="teacher", budget=Budget(), price=None, pace=Pace()
        )  # fmt: skip
        work = asyncio.create_task(runner.run([asked()], context, in_flight=2))
        await asyncio.sleep(0.2)
        await theirs.settle(attempt, asked(), Answer(asked().id, Ended.OVERLOADED, error="503"))
        progress = await asyncio.wait_for(work, 5)
    assert (progress.answered, progress.sends) == (1, 1)


async def test_another_process_that_never_ends_is_not_waited_for_without_end(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as ours, opened(tmp_path / "a.db") as theirs:
        await theirs.intend(asked(), run="t/001", spender="teacher", reserved_usd=0.0)
        context = WorkerContext(
            teacher=Scripted(), store=ours, run="u/001", spender="teacher", budget=Budget(), price=None, pace=Pace(), patience_s=0.3
        )  # fmt: skip
        progress = await asyncio.wait_for(runner.run([asked()], context, in_flight=2), 5)
    assert (progress.failed, progress.sends) == (1, 0)


def test_an_owner_is_alive_as_long_as_its_process(tmp_path: Path) -> None:
    """Its file is removed as soon as somebody sees that nobody holds it; a name that was never there is dead."""
    one, two = claims.Owner(tmp_path / "o"), claims.Owner(tmp_path / "o")
    assert one.alive(two.name)
    assert two.alive(one.name)
    assert one.others
    two.close()
    assert not one.alive(two.name)
    assert not one.alive("never")
    (tmp_path / "o" / "dead").touch()
    assert not one.alive("dead")
    assert not (tmp_path / "o" / "dead").exists()
    one.close()
    assert not (tmp_path / "o").exists()


def test_where_files_cannot_be_locked_a_store_works_as_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(claims.fcntl, "flock", refuses)
    with opened(tmp_path / "a.db") as store:
        assert asyncio.run(store.intend(asked(), run="t/001", spender="teacher", reserved_usd=0.0)) == 1
    assert json.dumps(store.owner.name) == '""'
