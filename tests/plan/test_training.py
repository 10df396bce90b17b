"""The plan's row of a training at a host."""

from __future__ import annotations

from pathlib import Path

import pytest
import tuning_host

from distill.cli.text.plan import plan_lines
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.plan import plan
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.teacher.store.training import SPENDER


@pytest.fixture
def hosted(task: Path) -> Path:
    here = "train: {with: none}"
    task.write_text(task.read_text().replace(here, "train: {with: hosted, base: tiny, poll_s: 0.01, train_price: 9}"))
    return task


def planned(task: Path, *sets: str) -> plan.Plan:
    task.write_text(task.read_text().replace("train: {with: none}", "train: {with: hosted, base: tiny}"))
    return plan.plan(open_task(task, overrides=sets, env={"OPENAI_API_KEY": "sk-1"}))


def test_a_hosted_training_is_a_row_of_the_plan(task: Path) -> None:
    one = planned(task, "student.train.train_price=10", "student.train.epochs=1")
    two = planned(task, "student.train.train_price=10", "student.train.epochs=2")
    rows = [found.spenders[-1] for found in (one, two)]
    assert [row.spender for row in rows] == [SPENDER, SPENDER]
    assert rows[1].prompt_tokens == 2 * rows[0].prompt_tokens > 0
    assert rows[1].cost.usd_at_most == pytest.approx(rows[1].prompt_tokens * 10 / 1e6 * 1.1)
    line = next(line for line in plan_lines(two) if line.startswith("training"))
    assert line.endswith("at host")


def test_an_unknown_price_of_training_is_named(task: Path) -> None:
    found = planned(task)
    assert found.total.usd_at_most is None
    assert any("unknown: give student.train.train_price" in line for line in plan_lines(found))


def test_a_training_here_is_no_row(task: Path) -> None:
    assert SPENDER not in [row.spender for row in plan.plan(open_task(task, env={})).spenders]


async def test_a_training_that_is_done_is_not_planned_again(hosted: Path) -> None:
    """As long as nothing is asked anew and the settings are the same."""
    async with tuning_host.serve() as host:
        env = {"OPENAI_BASE_URL": host.base_url}
        await running.work(open_task(hosted, env=env), stages=ORDER[:4], watch=Silent())
        done, more = (
            plan.plan(open_task(hosted, overrides=sets, env=env)).spenders[-1]
            for sets in ([], ["student.train.epochs=5"])
        )
    assert (done.in_store, done.to_send, done.cost.usd_at_most) == (1, 0, 0)
    assert (more.in_store, more.to_send) == (0, 1)
