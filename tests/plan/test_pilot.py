"""A pilot: a few rows of each spender, asked for real."""

from __future__ import annotations

from pathlib import Path

import pytest
from priced_tasks import beside, priced

from distill.cli.text.plan import plan_lines
from distill.errors import AccessRefused
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.plan import plan as planning
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script


def test_a_pilot_tells_the_price_within_its_interval_and_is_not_paid_again(task: Path) -> None:
    """Eight rows asked; what the whole run costs in the server's own ledger lies within the plan's interval."""
    with beside(Script(latency_s=0.01, requests_per_minute=6000)) as server:
        task = priced(task, server)
        plan = planning.plan(task, pilot=8)
        teacher, test = plan.spenders
        assert (teacher.in_store, test.in_store, len(server.ledger.entries)) == (8, 8, 16)
        assert plan.pilot
        assert plan.pilot.limits.requests_per_minute == 6000
        assert plan.pilot.passed_gates == 8
        before = server.ledger.usd
        result = run.start(task, stages=ORDER, watch=Silent())
        cost = server.ledger.usd - before
        assert result.requests_sent == teacher.to_send + test.to_send
        assert max(server.ledger.billed.values()) == 1
    assert plan.total.usd_low <= cost <= plan.total.usd_high <= plan.total.usd_at_most
    assert teacher.measured
    assert teacher.measured.prompt_tokens_p50_p95[0] > 10
    assert any("$" in line and "expected" in line for line in plan_lines(plan))


def test_a_pilot_at_a_closed_door_says_so(task: Path) -> None:
    """A bad key is found out by the plan, not by the night."""
    with beside(Script(key="the right one")) as server, pytest.raises(AccessRefused):
        planning.plan(priced(task, server), pilot=3)


def test_rows_that_pass_the_gates_are_counted_and_not_their_draws(task: Path) -> None:
    with beside(Script()) as server:
        sets = [
            "teacher.model=m",
            "gates=[finish_reason]",
            "teacher.sampling={draws: 3}",
            "teacher.fallback=[{model: n}]",
        ]
        task = open_task(task, overrides=sets, env={"OPENAI_BASE_URL": server.base_url})
        plan = planning.plan(task, pilot=9)
    assert plan.pilot
    assert (plan.pilot.rows, plan.pilot.passed_gates) == (3, 3)
    assert plan.spenders[1].share_expected == 0
