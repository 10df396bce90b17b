"""Rivals: asked through the store at their own price, in the plan, asked once where they are the teacher, and named where they would do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from priced_tasks import beside

from distill.errors import SpecError
from distill.evaluate.arm_kinds.rivals import RivalResult, sentence
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.plan import plan as planning
from distill.stats import Estimate
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, Server

EVEN = RivalResult("cheap", "nano", Estimate(-0.01, -0.03, 0.01, 150), 0.1)
PRICES = {"student_usd": 0.5, "teacher_usd": 2.0}
PRICED = ("teacher.model=m", "teacher.price={input: 1, output: 1}", "gates=[finish_reason]", "budget.usd=1")
CHEAP = "{cheap: {model: nano, price: {input: 0.1, output: 0.1}}, same: {model: m, price: {input: 1, output: 1}}}"


def opened(task: Path, server: Server, *sets: str) -> Task:
    return open_task(task, overrides=[*PRICED, *sets], env={"OPENAI_BASE_URL": server.base_url})


def test_a_rival_that_is_as_good_and_cheaper_is_named_in_one_sentence() -> None:
    said = sentence([EVEN, replace(EVEN, name="dear", usd_per_1000=0.4)], margin=0.02, **PRICES)
    assert said.startswith(
        "The rival `cheap` (nano) needs no training and is as good as the student: the student makes −1.0 points"
    )
    assert said.endswith("It costs $0.1 per 1,000 answers, the student $0.5.")
    assert said.count(". ") == 1


def test_beside_a_student_without_a_price_the_teachers_price_is_what_it_is_held_against() -> None:
    said = sentence([EVEN], margin=0.02, student_usd=0.0, teacher_usd=2.0)
    assert said.endswith("the teacher $2; the student's own machine is not counted.")


@pytest.mark.parametrize(
    "rival",
    [
        replace(EVEN, gap=Estimate(0.01, -0.01, 0.021, 150)),  # it may lose more than is allowed
        replace(EVEN, gap=Estimate(0.0, 0.0, 0.0, 5)),  # too few rows
        replace(EVEN, usd_per_1000=0.5),  # no cheaper
        replace(EVEN, usd_per_1000=None),
    ],
)
def test_no_other_rival_is_named(rival: RivalResult) -> None:
    assert sentence([rival], margin=0.02, **PRICES) == ""
    assert sentence([EVEN], margin=0.02, student_usd=None, teacher_usd=None) == ""


def test_rivals_are_in_the_plan_and_paid_once_within_the_wall(task: Path) -> None:
    """The server notes each body that it reads: none comes twice, of the teacher's twin or of a second run."""
    with beside(Script()) as server:
        sets = (f"evaluate.rivals={CHEAP}", "evaluate.arms=[teacher]")
        planned = {row.spender: row for row in planning.plan(opened(task, server, *sets)).spenders}
        assert planned["evaluate cheap"].requests == planned["evaluate teacher"].requests == 12
        assert "evaluate same" not in planned
        assert planned["evaluate cheap"].cost.usd_at_most == pytest.approx(
            0.1 * (planned["evaluate teacher"].cost.usd_at_most or 0.0)
        )
        found = _run(opened(task, server, *sets))
        _run(opened(task, server, *sets))
        keys = [entry.key for entry in server.ledger.entries]
        assert len(keys) == len(set(keys))
    arms = found["arms"]
    assert arms["cheap"]["calls"] == arms["same"]["calls"] == 12
    assert arms["cheap"]["usd_per_1000"] == pytest.approx(arms["teacher"]["usd_per_1000"] / 10, rel=0.05)
    assert any(line.startswith("`same` asks the same as `teacher`") for line in found["warnings"])
    assert found["footprints"]["cheap"]["size_mb"] is None


@pytest.mark.parametrize(
    ("rivals", "said"),
    [
        ("{teacher: {model: m}}", "'teacher' is the name of another arm"),
        ("{A b: {model: m}}", "'A b' is no name of a rival"),
        ("{cheap: {model: m, prompt: none.md}}", "none.md"),
        ("{cheap: {model: unheard-of}}", "no price is known for 'unheard-of', so budget.usd cannot be enforced"),
    ],
)
def test_a_rival_that_cannot_be_asked_is_refused_before_anything_is_sent(task: Path, rivals: str, said: str) -> None:
    with pytest.raises(SpecError) as refused:
        open_task(task, overrides=[*PRICED, f"evaluate.rivals={rivals}"], env={"OPENAI_BASE_URL": "http://127.0.0.1:1"})
    assert said in str(refused.value)


def test_a_rivals_own_prompt_is_what_it_is_asked_with(task: Path) -> None:
    (task.parent / "cheap.md").write_text("Be quick.\n[user]\n{{message}}\n")
    opened_task = open_task(task, overrides=["evaluate.rivals={cheap: {model: scripted, prompt: cheap.md}}"], env={})
    assert opened_task.rival_prompts["cheap"].turns[0] == ("system", "Be quick.")
    (task.parent / "cheap.md").write_text("Be quick.\n[user]\n{{massage}}\n")
    with pytest.raises(SpecError, match=r"cheap\.md:3.*massage"):
        open_task(task, overrides=["evaluate.rivals={cheap: {model: scripted, prompt: cheap.md}}"], env={})


def _run(task: Task) -> dict[str, Any]:
    result = running.start(task, stages=ORDER, watch=Silent())
    found: dict[str, Any] = json.loads((result.folder / "comparison.json").read_bytes())
    return found
