"""What a student at a host takes for test rows, calibration and probes stands in the plan, at the price of the tuned model."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.cli.text.plan import plan_lines
from distill.pipeline.open_task import open_task
from distill.plan import plan
from distill.plan.plan import Plan

TUNED = "student.train={with: hosted, base: tiny, train_price: 9, tuned_price: {input: 2, output: 8}}"
ARMS = "evaluate.arms=[teacher, student]"


def planned(task: Path, *sets: str) -> Plan:
    return plan.plan(open_task(task, overrides=(ARMS, *sets), env={"OPENAI_API_KEY": "sk-1"}))


def test_its_test_rows_calibration_and_probes_are_priced(task: Path) -> None:
    sets = (
        "seeds.test={rows: 12}",
        "evaluate.calibration={rows: 10, draws: 2}",
        "evaluate.probes=[injection, forgetting]",
    )
    found = planned(task, TUNED, *sets)
    rows = {row.spender: row for row in found.spenders}
    assert rows["evaluate student"].requests == 12 * 3
    assert rows["calibrate student"].requests == 10 * 3
    assert rows["probes student"].requests == 40 + 12
    for name in ("evaluate student", "calibrate student", "probes student"):
        row = rows[name]
        most = (2 * row.prompt_tokens + 8 * row.completion_tokens_at_most) / 1e6
        assert row.cost.usd_at_most == pytest.approx(most, rel=0.2)
        assert row.cost.usd_at_most
    assert sum(line.startswith("evaluate student") for line in plan_lines(found)) == 1
    assert not any("when it is trained" in line for line in plan_lines(found))


def test_without_a_price_its_calls_are_counted_as_those_of_a_student_here_are(task: Path) -> None:
    for train in ("{with: hosted, base: tiny, train_price: 9}", "{with: lora}"):
        found = planned(task, f"student.train={train}", "evaluate.probes=none")
        assert "evaluate student" not in [row.spender for row in found.spenders]
        assert any("when it is trained" in line for line in plan_lines(found))
