"""Several teachers for one dataset: a panel, and a chain of fallbacks."""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distill.errors import AccessRefused, RowsOwed, SpecError, UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.plan import plan
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent
from distill.teacher.store.store import opened
from distill.testing.fault_server import Script, serve

TWO = "{{model: second, base_url: '{url}', price: {{input: 1, output: 1}}}}"


def opened_task(task: Path, way: str, first: str, second: str, *sets: str) -> Task:
    given = [
        "teacher.model=first", f"teacher.base_url={first}", "teacher.price={input: 1, output: 1}",
        "teacher.limits={attempts: 2}", f"teacher.{way}=[{TWO.format(url=second)}]", *sets,
    ]  # fmt: skip
    return open_task(task, overrides=given, env={"OPENAI_API_KEY": "k"})


async def run(task: Task, **how: Any) -> Run:
    return await running.work(task, stages=ORDER, watch=Silent(), **how)


async def test_what_the_first_fails_the_next_is_asked_and_nobody_else(task: Path) -> None:
    """Refused, malformed or gate-failing rows go on; each row in the dataset says who answered it; a second run asks none."""
    async with AsyncExitStack() as stack:
        bad = {"400": 0.2, "null-content": 0.1, "refusal": 0.2}
        first = await stack.enter_async_context(serve(Script(seed=3, faults=bad)))
        second = await stack.enter_async_context(serve())
        task = opened_task(task, "fallback", first.base_url, second.base_url, "evaluate.arms=[]")
        result = await run(task)
        assert (result.exit_code, result.pending) == (0, 0)
        samples = pl.read_parquet(result.folder / "samples.parquet")
        kept = samples.filter(pl.col("fate") != "dropped")
        assert kept.height == 20
        assert set(kept["teacher"]) == {0, 1}
        asked = pl.read_parquet(result.folder / "asked.parquet")
        again = set(asked.filter(pl.col("teacher") == 1)["seed_id"])
        accepted = set(samples.filter((pl.col("teacher") == 0) & (pl.col("fate") != "dropped"))["seed_id"])
        assert again.isdisjoint(accepted)
        assert len(second.ledger.entries) == len(again)
        with opened(task.store_path) as store:
            spent = {row.spender: row.usd for row in store.ledger(result.name)}
        assert spent["fallback second"] == pytest.approx(second.ledger.usd)
        before = len(first.ledger.entries), len(second.ledger.entries)
        assert (await run(task)).requests_sent == 0
        assert before == (len(first.ledger.entries), len(second.ledger.entries))


async def test_a_teacher_that_refuses_its_key_hands_all_its_rows_on(task: Path) -> None:
    """Without a fallback the run stops with the key's fault; with one it goes on, and the first is not asked again."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serve(Script(key="another")))
        second = await stack.enter_async_context(serve())
        alone = open_task(
            task, overrides=["teacher.model=m", f"teacher.base_url={first.base_url}"], env={"OPENAI_API_KEY": "k"}
        )
        with pytest.raises(AccessRefused):
            await run(alone)
        knocked = len(first.ledger.entries)
        task = opened_task(task, "fallback", first.base_url, second.base_url, "evaluate.arms=[]")
        result = await run(task)
        assert result.exit_code == 0
        kept = pl.read_parquet(result.folder / "samples.parquet").filter(pl.col("fate") != "dropped")
        assert (kept.height, set(kept["teacher"])) == (20, {1})
        assert len(first.ledger.entries) - knocked <= alone.spec.teacher.limits.in_flight


async def test_a_panel_answers_every_row_and_one_answer_of_each_is_kept(task: Path) -> None:
    """Both are asked for each row, and the draws of one row never make two rows of the dataset."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serve(Script(faults={"refusal": 0.3})))
        second = await stack.enter_async_context(serve())
        task = opened_task(task, "panel", first.base_url, second.base_url, "evaluate.arms=[]", "dedup.near=1.0")
        result = await run(task)
        folder = result.folder
        asked = pl.read_parquet(folder / "asked.parquet")
        assert all(count == 2 for count in Counter(asked["seed_id"]).values())
        assert len(first.ledger.entries) == len(second.ledger.entries) == asked.height // 2
        kept = pl.read_parquet(folder / "samples.parquet").filter(pl.col("fate") != "dropped")
        assert (kept.height, kept["seed_id"].n_unique()) == (20, 20)
        assert set(kept["teacher"]) == {0, 1}


async def test_a_plan_shows_each_teacher_and_needs_each_price(task: Path) -> None:
    two_teachers = opened_task(
        task, "fallback", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1", "budget.usd=5", "evaluate.arms=[]"
    )
    rows = plan.plan(two_teachers).spenders
    assert [row.spender for row in rows] == ["teacher", "fallback second"]
    assert rows[0].to_send == rows[1].to_send > 0
    unpriced = "teacher.fallback=[{model: nobody-knows, base_url: 'http://127.0.0.1:9/v1'}]"
    with pytest.raises(UsageError, match="no price is known for 'nobody-knows'"):
        await run(opened_task(task, "fallback", "x", "y", "budget.usd=5", unpriced, "teacher.base_url=null"))


async def test_a_refresh_asks_its_own_teachers_and_not_those_of_its_parent(task: Path) -> None:
    """Rows that the old teacher failed go to the new one first; the fallback gets only what that fails."""
    async with AsyncExitStack() as stack:
        poor = await stack.enter_async_context(serve(Script(faults={"refusal": 0.5})))
        dear = await stack.enter_async_context(serve())
        better = await stack.enter_async_context(serve())
        await running.work(
            opened_task(task, "fallback", poor.base_url, dear.base_url, "evaluate.arms=[]"),
            stages=ORDER,
            watch=Silent(),
        )
        paid = len(dear.ledger.entries)
        assert paid > 3
        fresh = opened_task(
            task, "fallback", better.base_url, dear.base_url, "evaluate.arms=[]", "teacher.model=better"
        )
        result = await run(fresh, refresh=True)
        kept = pl.read_parquet(result.folder / "samples.parquet").filter(pl.col("fate") != "dropped")
        assert (kept.height, set(kept["teacher"])) == (20, {0})
        assert len(dear.ledger.entries) == paid


async def test_a_panel_goes_on_without_a_member_that_is_gone(task: Path) -> None:
    """The dead one is named and given up; only where all are gone the run stops."""
    dead = "http://127.0.0.1:9/v1"
    async with serve() as server:
        panel = opened_task(task, "panel", server.base_url, dead, "evaluate.arms=[]")
        result = await run(panel)
        assert (result.exit_code, result.pending) == (0, 0)
        kept = pl.read_parquet(result.folder / "samples.parquet").filter(pl.col("fate") != "dropped")
        assert (kept.height, set(kept["teacher"])) == (20, {0})
    with pytest.raises(RowsOwed, match="cannot be reached"):
        await run(opened_task(task, "panel", dead, "http://127.0.0.1:10/v1", "evaluate.arms=[]"), new=True)


async def test_a_comparison_survives_a_teacher_that_is_gone_where_others_answer(task: Path) -> None:
    """Its test rows stay unanswered, and the report is written all the same."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serve(Script(key="another")))
        second = await stack.enter_async_context(serve())
        result = await run(opened_task(task, "fallback", first.base_url, second.base_url))
        assert result.exit_code == 0
        calls = pl.read_parquet(result.folder / "calls.parquet")
        assert set(calls["ended"]) == {"pending"}
        assert result.report


async def test_a_fallback_is_paid_only_for_what_is_lacking(task: Path) -> None:
    """A tenth more was asked than is wanted: rows that failed beyond that are no reason to pay the dear one."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serve(Script(seed=5, faults={"refusal": 0.1})))
        second = await stack.enter_async_context(serve())
        result = await run(
            opened_task(task, "fallback", first.base_url, second.base_url, "evaluate.arms=[]", "dataset.accept=16")
        )
        samples = pl.read_parquet(result.folder / "samples.parquet")
        passed = samples.filter(pl.col("teacher") == 0).height
        assert passed >= 16
        assert second.ledger.entries == []


def test_what_other_models_do_not_say_is_the_teachers_and_no_key_goes_astray(task: Path) -> None:
    other_models = (
        "teacher.fallback=[{model: b, limits: {in_flight: 3}}, {model: c, base_url: 'http://other.local/v1'}, "
        "{model: d, base_url: 'http://other.local/v1', key_env: OTHER}, {model: e, base_url: 'https://api.openai.com/v1'}]"
    )
    sets = [
        "teacher.model=a",
        "teacher.base_url=http://gate.local/v1",
        "teacher.key_env=GATE",
        "teacher.limits={attempts: 2}",
    ]
    env = {"OPENAI_API_KEY": "openai", "GATE": "gate", "OTHER": "other"}
    task = open_task(task, overrides=[*sets, other_models], env=env)
    assert [one.address.key for one in task.teachers] == ["gate", "gate", None, "other", "openai"]
    assert task.teachers[1].address.base_url == "http://gate.local/v1"
    assert (task.teachers[1].limits.in_flight, task.teachers[1].limits.attempts) == (3, 2)


def test_one_teacher_twice_is_refused(task: Path) -> None:
    with pytest.raises(SpecError, match=r"teacher.panel\[0\]: asks 'a' the very same as teacher"):
        open_task(task, overrides=["teacher.model=a", "teacher.panel=[{model: a}]"], env={})
    open_task(task, overrides=["teacher.model=a", "teacher.panel=[{model: a, sampling: {seed: 1}}]"], env={})
