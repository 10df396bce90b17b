"""A plan that sends nothing: its figures are ceilings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from priced_tasks import beside, priced

from distill.cli.text.plan import plan_lines
from distill.plan import plan as planning
from distill.plan.power import power_note
from distill.testing.fault_server import Script


def test_without_a_pilot_nothing_is_sent_and_nothing_is_called_measured(task: Path) -> None:
    with beside(Script()) as server:
        plan = planning.plan(priced(task, server))
        assert server.ledger.entries == []
    assert plan.total.usd_expected is None
    assert plan.spenders[0].measured is None
    assert "nothing was sent" in "\n".join(plan_lines(plan))


def test_what_the_test_rows_decide_is_said_before_they_are_paid_for(task: Path) -> None:
    spec = (
        task.read_text().replace("arms: [teacher]", "arms: [teacher, student], margin: 0.03").replace("none", "linear")
    )
    task.write_text(spec)
    with beside(Script()) as server:
        plan = planning.plan(priced(task, server))
    assert plan.power is not None
    assert plan.power.margin == 0.03
    assert (plan.power.test_rows, plan.as_json()["power"]["margin"]) == (plan.seeds.test, plan.power.margin)
    few, many = ("\n".join(plan_lines(replace(plan, power=power_note(*asked)))) for asked in ((150, 0.02), (400, 0.05)))
    assert (
        "power: with 150 test rows and a margin of 2 points, 9 of 10 students as good as the teacher would stay undecided; "
        "2,005 rows, or a margin of 8.1 points (evaluate.margin), would decide 8 of 10, if they differ on 10% of the rows"
    ) in few
    assert (
        "power: 400 test rows and a margin of 5 points decide 8 of 10 students that are as good as the teacher" in many
    )
    assert "power" not in "\n".join(plan_lines(replace(plan, power=None)))


def test_a_teacher_that_answers_by_file_is_asked_for_no_pilot(task: Path) -> None:
    """The price is the named one, without a batch's share; how long it takes nobody knows."""
    with beside(Script()) as server:
        opened = priced(task, server, "teacher.mode=file", "deadline=8h")
        plan, live = planning.plan(opened, pilot=3), planning.plan(priced(task, server))
        assert server.ledger.entries == []
    said = "\n".join(plan_lines(plan))
    assert (plan.spenders[0].mode, plan.spenders[0].ways, plan.pilot) == ("file", None, None)
    assert plan.total.usd_at_most == live.total.usd_at_most
    assert "by file" in said
    assert "request files wait for their answers" in said
    assert "m: answers by file (mode file), so no pilot is sent" in said
