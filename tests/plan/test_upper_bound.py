"""What new seeds and further draws may cost: no run comes to more than its plan says."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from making import STAGES, made

from distill.cli.text.plan import plan_lines
from distill.pipeline import run
from distill.plan import plan as planning
from distill.teacher.progress import Silent
from distill.teacher.store.store import opened
from distill.testing.fault_server import serve


def test_a_plan_says_what_new_seeds_may_cost_at_most(large: Path) -> None:
    """A row for making, checking and answering them; the run's own figures stay below."""
    sets = ["dataset.accept=360", "evaluate.arms=[]", "teacher.model=m", "teacher.price={input: 1, output: 1}"]
    task = made(large, "{at_most: 200}", *sets, env={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    plan = planning.plan(task)
    rows = {row.spender: row for row in plan.spenders}
    assert {name: rows[name].requests for name in ("expand", "expand check", "teacher, new seeds")} == {
        "expand": 200, "expand check": 200, "teacher, new seeds": 200,
    }  # fmt: skip
    assert all(rows[name].cost.usd_at_most > 0 for name in ("expand", "expand check", "teacher, new seeds"))
    assert rows["expand"].share_expected == pytest.approx(120 / 200)
    assert "strata lack when no seed is left, about 60%" in "\n".join(plan_lines(plan))


DEAR = "{model: big, base_url: 'URL', price: {input: 100, output: 100}}"


LONG = "gates=[schema, {length: {min_chars: 17}}]"


@pytest.mark.parametrize(
    ("sets", "spender"),
    [
        (
            [
                f"judge={{prompt: judge.md, dimensions: {{fits: It fits.}}, models: [{DEAR}]}}",
                "gates=[schema, {judge: {at_least: 1}}]",
            ],
            "judge big",
        ),
        ([f"teacher.panel=[{DEAR}]"], "panel big"),
        ([f"teacher.fallback=[{DEAR}]", LONG], "fallback big"),
        (["dataset.more_draws=4", LONG], "teacher"),
    ],
)
async def test_no_run_that_makes_seeds_costs_more_than_its_plan_says(task: Path, sets: list[str], spender: str) -> None:
    """Judges, a panel, fallbacks and further draws, each at its own price: every spender stays below its rows of the plan."""
    (task.parent / "judge.md").write_text("Does the answer fit?\n")
    async with serve() as server:
        given = [
            "teacher.model=m", "teacher.price={input: 1, output: 1}", "evaluate.arms=[]", "dataset.accept=70",
            "teacher.sampling.temperature=0.5", *(one.replace('URL', server.base_url) for one in sets),
        ]  # fmt: skip
        expand = "{at_most: 80, per_row: 4, plausible: false}"
        task = made(task, expand, *given, env={"OPENAI_BASE_URL": server.base_url})
        plan = await asyncio.to_thread(planning.plan, task)
        result = await run.work(task, stages=STAGES, watch=Silent())
    assert result.usd <= plan.total.usd_at_most
    rows = Counter[str]()
    for row in plan.spenders:
        rows[row.spender.split(",")[0]] += row.cost.usd_at_most
    with opened(task.store_path) as store:
        spent = {row.spender: row.usd for row in store.ledger(result.name)}
    first = next(row.cost.usd_at_most for row in plan.spenders if row.spender == spender)
    assert all(usd <= rows[name] for name, usd in spent.items())
    assert rows[spender] > 2 * first > 0
    assert spent[spender] > 0
