"""A run that is killed, again and again, ends in the bytes of one that never was."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import tuning_host
from forks import Fork, distill
from tuning_jobs import TuningHost

IN_FLIGHT = 3
SETS = ["teacher.model=tiny", "teacher.output=null", "gates=[finish_reason]", f"teacher.limits.in_flight={IN_FLIGHT}"]
SPEC_PRICE = "teacher.price={input: 1, output: 1}"


def start(task: Path, host: TuningHost, **how: Any) -> Fork:
    sets = [part for setting in (*SETS, SPEC_PRICE) for part in ("--set", setting)]
    env = os.environ | {"OPENAI_BASE_URL": host.base_url, "OPENAI_API_KEY": "none"}
    return distill("run", task, *sets, env=env, **how)


async def asked(host: TuningHost, count: int) -> None:
    """Wait until the host was asked so often."""
    async with asyncio.timeout(30):
        while host.questions < count:
            host.asked.clear()
            await host.asked.wait()


async def finish(task: Path, host: TuningHost) -> Path:
    process = start(task, host)
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    return task.parent / "runs" / "mood" / "001"


@pytest.mark.slow
async def test_three_kills_cost_at_most_what_was_in_flight_and_change_no_byte(task: Path, tmp_path: Path) -> None:
    """kill -9 at three random moments, then run again: same train.jsonl, every answer of the store asked once."""
    whole = tmp_path / "whole"
    shutil.copytree(task.parent, whole, ignore=shutil.ignore_patterns("whole"))
    async with tuning_host.serve() as host:
        undisturbed = await finish(whole / "task.yaml", host)
        needed, host.questions, host.delay_s = host.questions, 0, 0.1
        moments = random.Random(20261121)
        killed = 0
        for _ in range(3):
            before = host.questions
            process = start(task, host)
            await asked(host, before + 1)
            await asyncio.sleep(moments.uniform(0, 0.5))
            killed += process.returncode is None
            process.send_signal(signal.SIGKILL)
            await process.communicate()
        assert killed == 3, "the run was over before it could be killed; slow the host down"
        killed_run = await finish(task, host)
    for name in ("train.jsonl", "valid.jsonl", "test.jsonl", "dataset.parquet"):
        assert (killed_run / name).read_bytes() == (undisturbed / name).read_bytes(), name
    assert needed <= host.questions <= needed + 3 * IN_FLIGHT
    with sqlite3.connect(task.parent / ".distill" / "answers.db") as db:
        answers, paid = db.execute(
            "SELECT (SELECT count(*) FROM answers), (SELECT count(*) FROM attempts WHERE ended='ok')"
        ).fetchone()
        unknown = db.execute("SELECT count(*) FROM attempts WHERE settled IS NULL").fetchone()[0]
    assert answers == paid == needed
    assert unknown <= 3 * IN_FLIGHT


@pytest.mark.slow
async def test_the_first_ctrl_c_drains_and_the_command_again_goes_on(task: Path) -> None:
    """Exit 130, everything that was in flight is kept, nothing is asked twice."""
    async with tuning_host.serve() as host:
        host.delay_s = 0.1
        process = start(task, host)
        await asked(host, 5)
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
        assert process.returncode == 130, said.decode()
        assert b"run again to go on" in said
        assert b"Traceback" not in said
        sent = host.questions
        with sqlite3.connect(task.parent / ".distill" / "answers.db") as db:
            assert db.execute("SELECT count(*) FROM answers").fetchone()[0] == sent
        host.delay_s = 0
        await finish(task, host)
        with sqlite3.connect(task.parent / ".distill" / "answers.db") as db:
            assert db.execute("SELECT count(*) FROM answers").fetchone()[0] == host.questions


@pytest.mark.slow
@pytest.mark.parametrize("often", [1, 2])
async def test_a_terminal_that_is_closed_loses_nothing_in_flight(task: Path, often: int) -> None:
    """SIGHUP drains as Ctrl-C does, also where the system and the shell both send one."""
    async with tuning_host.serve() as host:
        host.delay_s = 0.3
        process = start(task, host)
        await asked(host, 5)
        for _ in range(often):
            process.send_signal(signal.SIGHUP)
            await asyncio.sleep(0.02)
        _, said = await process.communicate()
        assert process.returncode == 130, said.decode()
        assert b"run again to go on" in said
        with sqlite3.connect(task.parent / ".distill" / "answers.db") as db:
            assert db.execute("SELECT count(*) FROM answers").fetchone()[0] == host.questions


@pytest.mark.slow
async def test_where_nobody_is_to_be_hung_up_a_closed_terminal_ends_nothing(task: Path) -> None:
    """As nohup starts it: the signal stays ignored, and the run comes to its end."""
    async with tuning_host.serve() as host:
        host.delay_s = 0.05
        process = start(task, host, ignored=signal.SIGHUP)
        await asked(host, 5)
        process.send_signal(signal.SIGHUP)
        _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


@pytest.mark.slow
async def test_the_second_ctrl_c_stops_at_once(task: Path) -> None:
    """A hanging endpoint does not hold the user: two Ctrl-Cs end the run, still without a traceback."""
    async with tuning_host.serve() as host:
        host.delay_s = 30
        process = start(task, host)
        await asked(host, 1)
        process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.3)
        assert process.returncode is None
        process.send_signal(signal.SIGINT)
        _, said = await asyncio.wait_for(process.communicate(), 10)  # the endpoint hangs for thirty seconds
    assert process.returncode == 130
    assert b"Traceback" not in said


@pytest.mark.slow
async def test_of_two_processes_on_one_run_one_works_and_the_other_says_who(task: Path) -> None:
    """The second exits 2 and names the process that holds the run."""
    async with tuning_host.serve() as host:
        host.delay_s = 0.3
        first = start(task, host)
        await asked(host, 1)
        second = start(task, host)
        _, said = await second.communicate()
        await first.communicate()
    assert (first.returncode, second.returncode) == (0, 2)
    assert f"held by process {first.pid}" in said.decode()
    assert len(said.decode().splitlines()) == 1


async def status(task: Path) -> dict[str, Any]:
    process = distill("status", task, "--json")
    said, _ = await process.communicate()
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(said)
    return found


@pytest.mark.slow
async def test_status_of_another_process_follows_a_run_and_knows_when_it_is_dead(task: Path) -> None:
    """Who holds it and how far it is, twice while it works; after kill -9 nobody holds it, though its lock file is there."""
    async with tuning_host.serve() as host:
        host.delay_s = 1.2
        running = start(task, host)
        await asked(host, 2)
        early = await status(task)
        await asked(host, host.questions + 2 * IN_FLIGHT)
        late = await status(task)
        assert running.returncode is None
        running.kill()
        await running.communicate()
        dead = await status(task)
    assert [found["held_by"] for found in (early, late, dead)] == [running.pid, running.pid, None]
    assert {found["run"] for found in (early, late, dead)} == {"mood/001"}
    first, second, third = (found["ledger"][0] for found in (early, late, dead))
    assert 0 < first["answered"] < second["answered"] <= third["answered"]
    assert second["usd"] > 0
    assert second["sends"] - second["answered"] == second["open"] <= IN_FLIGHT
    assert third["open"] <= IN_FLIGHT
    assert late["stages"]["generate"] is None
