"""The judges at work: one that is gone, that never answers, that is unreadable, dear, slow or killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import forks
import polars as pl
import pytest
import yaml
from judges import ENV, dropped_of, models, project_of, run, samples_of

from distill.curate.gates.judge.verdict import verdicts_of_row
from distill.errors import BudgetReached, RowsOwed
from distill.teacher.schedule import InBatches
from distill.testing.batch.states import BatchScript
from distill.testing.fault_server import Script, Server, serve


async def test_a_judge_that_is_gone_leaves_the_other_to_score(judged: Path) -> None:
    """Its verdicts are missing and the run says so; the mean is over those that answered."""
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        shut = await stack.enter_async_context(serve(Script(key="another")))
        result = await run(project_of(judged, teacher, models(teacher, shut), "dataset.accept=8"))
        assert (result.exit_code, result.pending) == (0, 0)
        row = samples_of(result).filter(pl.col("fate") != "dropped").row(0, named=True)
        first, second = verdicts_of_row(row)["judge"]
        assert "scores" in first
        assert "no_access" in second["unscored"] or second["unscored"] == "not sent yet"


async def test_without_any_judge_rows_are_owed_and_no_other_is_asked_for_them(judged: Path) -> None:
    """Exit 3; with --partial they are dropped as unscored; when the judge is there again only it is asked."""
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        shut = await stack.enter_async_context(serve(Script(key="another")))
        sets = [models(shut), "dataset.accept=5"]
        with pytest.raises(RowsOwed, match="rows could not be answered"):
            await run(project_of(judged, teacher, *sets))
        asked = len(teacher.ledger.entries)
        assert asked < 36, "rows were asked in place of those that only wait for a verdict"
        partial = await run(project_of(judged, teacher, *sets), partial=True)
        assert partial.exit_code == 3
        assert dropped_of(partial, "unscored").height == partial.pending >= 5
        assert not any(samples_of(partial)["fate"] != "dropped")
        shut.script = Script()  # type: ignore[misc]  # the host takes the key now
        result = await run(project_of(judged, teacher, *sets))
        assert result.exit_code == 0
        assert samples_of(result).filter(pl.col("fate") != "dropped").height == 5


async def test_a_row_that_a_judge_never_takes_is_owed(judged: Path) -> None:
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        sour = await stack.enter_async_context(serve(Script(faults={"400": 0.2})))
        task = project_of(judged, teacher, models(sour), "dataset.accept=12")
        result = await run(task, partial=True)
        assert result.exit_code == 3
        unscored = dropped_of(result, "unscored")
        assert unscored.height == result.pending > 0
        assert all("refused after 1 sends" in detail for detail in unscored["detail"])


async def test_a_verdict_that_cannot_be_read_is_asked_once_more(judged: Path) -> None:
    """Cut off the first time, read the second; cut off twice, unscored: nobody guesses and nobody asks a third time."""
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        hasty = await stack.enter_async_context(serve(Script(seed=2, faults={"length": 0.4})))
        result = await run(project_of(judged, teacher, models(hasty), "dataset.accept=12"))
        assert result.exit_code == 0
        sends = Counter(hasty.ledger.sends.values())
        assert set(sends) == {1, 2}
        unscored = dropped_of(result, "unscored")
        assert 0 < unscored.height < sends[2]
        assert all("j0: cut off" in detail for detail in unscored["detail"])
        kept = await run(
            project_of(
                judged,
                teacher,
                models(hasty),
                "dataset.accept=12",
                "gates=[schema, {judge: {at_least: 1, unscored: keep}}]",
            ),
            "curate",
        )
        assert dropped_of(kept, "unscored").height == 0
        assert samples_of(kept)["score_judge"].null_count() > 0


async def test_verdicts_come_by_batch_too(judged: Path) -> None:
    """The teacher live, the judge by batch: rows are left at the host and found again; each is paid once."""
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        night = await stack.enter_async_context(serve(Script(batch=BatchScript())))
        live = await run(project_of(judged, teacher, models(teacher), "dataset.accept=12", home=judged.parent / "live"))
        more = ", mode: batch, batch: {poll_s: 0.02, grace_s: 0, rows: 12}"
        task = project_of(judged, teacher, models(night, more=more), "dataset.accept=12")
        for _ in range(20):
            try:
                result = await run(task)
                break
            except InBatches:
                night.states.clock.step(2 * 3600)
        assert result.exit_code == 0
        assert len(night.states.batches) >= 2
        assert not night.ledger.sends
        assert set(night.ledger.billed.values()) == {1}
        data = [(one.folder / "train.jsonl").read_bytes() for one in (live, result)]
        assert data[0] == data[1]
        assert len(data[0]) > 100


async def test_a_budget_stops_the_judges_and_a_larger_one_goes_on(judged: Path) -> None:
    """Exit 5 in the midst of the verdicts; nothing that was paid is paid again."""
    async with AsyncExitStack() as stack:
        teacher, judge = [await stack.enter_async_context(serve()) for _ in range(2)]
        sets = [models(judge, more=", limits: {in_flight: 2}"), "dataset.accept=12"]
        with pytest.raises(BudgetReached):
            await run(project_of(judged, teacher, *sets, "budget.usd=0.006"))
        assert len(judge.ledger.billed) > 0
        assert teacher.ledger.usd + judge.ledger.usd <= 0.006
        result = await run(project_of(judged, teacher, *sets, "budget.usd=1"))
        assert result.exit_code == 0
        assert set(judge.ledger.billed.values()) == {1}
        assert result.usd == pytest.approx(teacher.ledger.usd + judge.ledger.usd)


async def judging_began(judge: Server, count: int) -> None:
    """Wait until so many verdicts were asked for."""
    async with asyncio.timeout(30):
        for _ in range(3000):
            if len(judge.ledger.entries) >= count:
                return
            await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_a_run_that_is_killed_while_it_judges_ends_in_the_same_bytes(judged: Path, tmp_path: Path) -> None:
    """kill -9 twice in the midst of the verdicts, then a Ctrl-C; at most what was in flight is asked again."""
    text = await asyncio.to_thread(judged.read_text)
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        judge = await stack.enter_async_context(serve(Script(latency_s=0.1)))
        calm = await run(project_of(judged, teacher, models(teacher), "dataset.accept=12", home=tmp_path / "calm"))
        spec = yaml.safe_load(text)
        spec["teacher"] |= {"model": "t", "base_url": teacher.base_url, "price": {"input": 1, "output": 1}}
        spec["judge"]["models"] = [
            {"model": "j0", "base_url": judge.base_url, "price": {"input": 1, "output": 1}, "limits": {"in_flight": 3}}
        ]
        spec["dataset"] = {"accept": 12}
        await asyncio.to_thread(judged.write_text, yaml.safe_dump(spec))
        ended = []
        for wanted, how in ((3, signal.SIGKILL), (9, signal.SIGKILL), (15, signal.SIGINT), (None, None)):
            process = forks.distill("run", judged, env=os.environ | ENV)
            if wanted is not None and how is not None:
                await judging_began(judge, wanted)
                process.send_signal(how)
            _, said = await process.communicate()
            ended.append(process.returncode)
        assert ended == [-9, -9, 130, 0], said.decode()
        folder = judged.parent / "runs" / "mood" / "001"
        assert (folder / "train.jsonl").read_bytes() == (calm.folder / "train.jsonl").read_bytes()
        assert sum(judge.ledger.sends.values()) <= len(judge.ledger.sends) + 2 * 3
        with sqlite3.connect(judged.parent / ".distill" / "answers.db") as db:
            assert db.execute("SELECT count(*) FROM attempts WHERE settled IS NULL").fetchone()[0] <= 6
