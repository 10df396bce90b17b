"""Runs that stop while seeds are made: what is owed, and how they end in the bytes of an undisturbed one."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import forks
import polars as pl
import pytest
from making import STAGES, funnel, made, read

from distill.errors import BudgetReached, RowsOwed
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.teacher.progress import Silent
from distill.teacher.store.store import opened
from distill.testing.fault_server import Script, serve


async def test_a_budget_that_is_reached_while_seeds_are_made_says_what_is_missing(task: Path) -> None:
    """Exit 5; with a larger budget the run goes on, every question is paid once, and the bytes are those of an undisturbed run."""
    price = "teacher.price={input: 1, output: 1}"
    async with serve(Script()) as server:
        env = {"OPENAI_BASE_URL": server.base_url}
        sets = ["dataset.accept=60", "evaluate.arms=[]", "teacher.model=m", price, "teacher.limits.in_flight=4"]
        expand = "{at_most: 200, per_row: 6, ways: [rewrite, vary, like]}"  # each of these questions is one of its own
        with pytest.raises(
            BudgetReached, match=r"Still missing when new seeds were asked for: \d+ of a, \d+ of b"
        ) as caught:
            await run.work(made(task, expand, *sets, "budget.usd=0.02", env=env), stages=STAGES, watch=Silent())
        assert caught.value.exit_code == 5
        paid = set(server.ledger.billed)
        task = made(task, expand, *sets, "budget.usd=1", env=env)
        result = await run.work(task, stages=STAGES, watch=Silent())
        assert set(server.ledger.billed) > paid
        assert set(server.ledger.billed.values()) == {1}
        with opened(task.store_path) as store:
            spent = {row.spender: row.sends for row in store.ledger(result.name)}
        assert spent["expand"] == funnel(result)["expand"]["in"]
        assert 0 < spent["expand check"] <= spent["expand"]
        other = await run.work(task, stages=STAGES, watch=Silent(), new=True)
        assert other.requests_sent == 0
    for name in ("train.jsonl", "seeds.parquet"):
        assert (other.folder / name).read_bytes() == (result.folder / name).read_bytes()


@pytest.mark.parametrize("bad", [0.4, 1.0])
async def test_what_the_maker_failed_to_answer_is_owed_and_nothing_is_made_in_its_place(task: Path, bad: float) -> None:
    """Exit 3; once it is well again the same command asks only for those, and ends in the bytes of an undisturbed run."""
    async with serve() as server, serve(Script(seed=4, faults={"500": bad})) as maker:
        sets = [
            "dataset.accept=60", "evaluate.arms=[]", "teacher.model=m", "teacher.limits={attempts: 1}",
            f"seeds.expand.model={{model: maker, base_url: '{maker.base_url}'}}",
        ]  # fmt: skip
        expand = "{at_most: 100, per_row: 6, ways: [rewrite, vary, like]}"
        opened_task = made(task, expand, *sets, env={"OPENAI_BASE_URL": server.base_url})
        with pytest.raises(RowsOwed, match="could not be answered") as caught:
            await run.work(opened_task, stages=STAGES, watch=Silent())
        assert caught.value.exit_code == 3
        gone = pl.read_parquet(task.parent / "runs/mood/001/seeds_dropped.parquet").filter(
            stage="expand", reason="pending"
        )
        assert gone.height > 5
        assert gone["detail"].str.contains("overloaded after 1 sends").all()
        before = len(maker.ledger.entries)
        maker.script = Script()
        result = await run.work(opened_task, stages=STAGES, watch=Silent())
        assert (result.exit_code, result.pending) == (0, 0)
        assert set(maker.ledger.billed.values()) == {1}
        again = [request for request, sends in maker.ledger.sends.items() if sends > 1]
        assert len(again) == gone.height <= before
        whole = open_task(
            task, overrides=[f"seeds.expand={expand}", *sets], env={"OPENAI_BASE_URL": server.base_url},
            home=task.parent / "whole",
        )  # fmt: skip
        other = await run.work(whole, stages=STAGES, watch=Silent())
    for name in ("train.jsonl", "seeds.parquet", "dropped.parquet"):
        assert (other.folder / name).read_bytes() == (result.folder / name).read_bytes()


@pytest.mark.parametrize("who", ["teacher", "judge"])
async def test_no_seed_is_made_while_rows_are_owed(task: Path, who: str) -> None:
    """Exit 3 with nothing asked of the maker; afterwards it makes no more than in an undisturbed run."""
    (task.parent / "judge.md").write_text("Does the answer fit?\n")
    async with serve() as server, serve() as maker, serve() as judge:
        sets = [
            "dataset.accept=40", "evaluate.arms=[]", "teacher.model=m", "teacher.limits={attempts: 1}",
            "gates=[schema, {judge: {at_least: 1}}]",
            f"judge={{prompt: judge.md, dimensions: {{fits: It fits.}}, models: [{{model: j, base_url: '{judge.base_url}'}}]}}",
            f"seeds.expand.model={{model: maker, base_url: '{maker.base_url}'}}",
        ]  # fmt: skip
        expand = "{at_most: 60, per_row: 6, plausible: false}"
        env = {"OPENAI_BASE_URL": server.base_url}
        bad = server if who == "teacher" else judge
        bad.script = Script(seed=2, faults={"500": 0.4})
        opened_task = made(task, expand, *sets, env=env)
        with pytest.raises(RowsOwed, match="could not be answered"):
            await run.work(opened_task, stages=STAGES, watch=Silent())
        assert maker.ledger.entries == []
        bad.script = Script()
        result = await run.work(opened_task, stages=STAGES, watch=Silent())
        assert (result.exit_code, result.pending, result.funnel.kept) == (0, 0, 40)
        paid = len(maker.ledger.entries)
        whole = open_task(task, overrides=[f"seeds.expand={expand}", *sets], env=env, home=task.parent / "whole")
        await run.work(whole, stages=STAGES, watch=Silent())
        assert 0 < paid == len(maker.ledger.entries) - paid


@pytest.mark.slow
async def test_a_run_that_is_killed_while_seeds_are_made_ends_in_the_same_bytes(task: Path) -> None:
    """kill -9, then again: nothing that was answered is asked a second time, and the dataset is that of a run left alone."""
    sets = [
        "seeds.expand={at_most: 300, per_row: 8, ways: [rewrite, vary, like]}", "dataset.accept=90", "teacher.model=m", "evaluate.arms=[]",
        "teacher.limits.in_flight=3",
    ]  # fmt: skip
    given = [part for setting in sets for part in ("--set", setting)]
    async with serve(Script(latency_s=0.02)) as server:
        env = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "k"}
        process = forks.distill("generate", task, *given, env=os.environ | env)
        for _ in range(6000):
            if len(server.ledger.entries) >= 70:
                break
            await asyncio.sleep(0.01)
        assert process.returncode is None
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        opened_task = open_task(task, overrides=sets, env=env)
        result = await run.work(opened_task, stages=STAGES, watch=Silent())
        assert sum(count > 1 for count in server.ledger.sends.values()) <= 3
        whole = open_task(task, overrides=sets, env=env, home=task.parent / "whole")
        other = await run.work(whole, stages=STAGES, watch=Silent())
    assert read(result, "seeds.parquet").drop_nulls("way").height > 40
    for name in ("train.jsonl", "seeds.parquet", "dropped.parquet"):
        assert (other.folder / name).read_bytes() == (result.folder / name).read_bytes()
