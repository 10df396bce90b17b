"""The judges of a spec before they are paid: what is wrong with them, and what they may cost."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import polars as pl
import pytest
from judges import models, project_of, run, samples_of

from distill.cli.text.plan import plan_lines
from distill.errors import SpecError, UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.plan import plan as planning
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.fault_server import serve


async def test_a_budget_needs_the_price_of_each_judge(judged: Path) -> None:
    unpriced = "judge.models=[{model: nobody-knows, base_url: 'http://127.0.0.1:9/v1'}]"
    async with serve() as server:
        with pytest.raises(UsageError, match=r"'nobody-knows'.*give judge.models\[0\].price"):
            await run(project_of(judged, server, unpriced, "budget.usd=1"))


async def test_a_plan_counts_the_judges_with_and_without_a_pilot(judged: Path) -> None:
    """Without one, ceilings; with one, some answers are judged for real, and their verdicts serve the run."""
    async with AsyncExitStack() as stack:
        teacher, judge = [await stack.enter_async_context(serve()) for _ in range(2)]
        task = project_of(judged, teacher, models(judge), "dataset.accept=12")
        rows = (await asyncio.to_thread(planning.plan, task)).spenders
        assert [row.spender for row in rows] == ["teacher", "judge j0"]
        assert rows[1].to_send == rows[0].to_send > 0
        assert rows[1].prompt_tokens > rows[0].to_send * 256
        assert rows[1].cost.usd_at_most > 0
        assert not judge.ledger.entries
        found = await asyncio.to_thread(lambda: planning.plan(task, pilot=8))
        row = found.spenders[1]
        assert 0 < row.in_store == len(judge.ledger.entries) <= 8
        assert row.share_expected == row.in_store / 8
        assert row.cost.usd_expected < row.cost.usd_at_most
        assert any("the gates before it let pass" in line for line in plan_lines(found))
        assert found.warnings == []
        assert found.pilot.passed_gates <= row.in_store
        await run(task)
        assert set(judge.ledger.billed.values()) == {1}


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["judge=null"], "the gate `judge` needs a group `judge:`"),
        (["gates=[schema]"], "no gate asks it; add `judge`, `toxicity` or `refusal: {judge: true}` to `gates`"),
        (["gates=[refusal]"], "no gate asks it"),
        (
            ["gates=[{refusal: {judge: true, at_least: {answred: 4}}}]"],
            "no dimension 'answred'; did you mean 'answered'?",
        ),
        (
            ["gates=[{toxicity: {at_least: {harmles: 4}}}]", "judge=null"],
            "no dimension 'harmles'; did you mean 'harmless'?",
        ),
        (["gates=[{refusal: {judge: perhaps}}]"], "`judge` is 'perhaps': expected true or false"),
        (["gates=null"], "no gate asks it"),
        (["judge.prompt=jugde.md"], "jugde.md: no such file; the folder holds judge.md"),
        (["judge.dimensions={}"], "judge.dimensions: none is named"),
        (["judge.dimensions={Correct: x}"], "expected a name of up to 32 lower-case letters"),
        (["gates=[{judge: {at_least: 9}}]"], "`at_least` is 9: expected a number less than or equal to 5"),
        (["gates=[{judge: {at_least: {corect: 4}}}]"], "no dimension 'corect'; did you mean 'correct'?"),
        (["gates=[{judge: {unscored: maybe}}]"], "`unscored` is 'maybe'"),
        (["gates=[{judge: {atleast: 3}}]"], "unknown setting 'atleast'; did you mean 'at_least'?"),
        (["judge.models=[{model: a}, {model: a}]"], "judge.models[1]: asks 'a' the very same as judge.models[0]"),
        (["judge.models=[{model: a, sampling: {draws: 2}}]"], "a judge gives one verdict"),
        (["judge.models=[{model: a, headers: {x-team: $NOBODY}}]"], "the variable $NOBODY is not set"),
    ],
)
def test_what_is_wrong_with_a_judge_is_said_before_anything_is_paid(judged: Path, sets: list[str], said: str) -> None:
    with pytest.raises(SpecError) as fault:
        open_task(judged, overrides=sets, env={})
    assert said in str(fault.value)


@pytest.mark.parametrize(
    ("text", "said"), [("Is\n{{message}} it?", "judge.md:2: the rubric takes no variables"), (" \n", "it is empty")]
)
def test_a_rubric_is_plain_text(judged: Path, text: str, said: str) -> None:
    (judged.parent / "judge.md").write_text(text)
    with pytest.raises(SpecError, match=said):
        open_task(judged, env={})


def test_toxicity_needs_no_group_and_no_file(task: Path) -> None:
    task = open_task(task, overrides=["gates=[toxicity]"], env={})
    result = running.start(task, stages=ORDER[:2], watch=Silent())
    assert result.exit_code == 0
    assert samples_of(result).filter(pl.col("fate") != "dropped")["toxicity_harmless"].min() >= 4
