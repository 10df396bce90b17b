"""A plan that sends nothing: its figures are ceilings."""

from __future__ import annotations

from pathlib import Path

from priced_tasks import beside, priced

from distill.cli.text.plan import plan_lines
from distill.plan import plan as planning
from distill.testing.fault_server import Script


def test_without_a_pilot_nothing_is_sent_and_nothing_is_called_measured(task: Path) -> None:
    with beside(Script()) as server:
        plan = planning.plan(priced(task, server))
        assert server.ledger.entries == []
    assert plan.total.usd_expected is None
    assert plan.spenders[0].measured is None
    assert "nothing was sent" in "\n".join(plan_lines(plan))
