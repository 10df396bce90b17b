"""The plan's row of a training at a host."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.cli.text.plan import plan_lines
from distill.pipeline.open_task import open_task
from distill.plan import plan
from distill.teacher.store.training import SPENDER


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
