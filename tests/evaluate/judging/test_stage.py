"""Judges in a run: asked once, priced beforehand, by batch where they are, and told in the comparison and the report."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distill.errors import BudgetReached, SpecError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.plan import plan as planning
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.endpoint import address, scripted
from distill.teacher.progress import Silent
from distill.teacher.schedule import InBatches
from distill.teacher.store.store import opened
from distill.testing.batch.states import BatchScript
from distill.testing.fault_server import Script, Server, serve
from distill.testing.judges import BiasedJudge

SETS = (
    "seeds.gold_rows=train", "seeds.test={share: 0.25, gold: true}", "dataset.accept=null", "student.train.with=linear",
    "evaluate.arms=[teacher, student]",
)  # fmt: skip


@pytest.fixture
def approved(task: Path) -> Path:
    """120 rows whose answer is known; the student learns it from the words."""
    moods = ["glad" if n % 2 else "cross" for n in range(80)]
    words = {"glad": "thank you, lovely", "cross": "never again, awful"}
    rows = [
        {
            "message": f"{words[mood]} {n * 7919} {n * 104729 % 9973}",
            "kind": "ab"[n % 3 % 2],
            "expected": {"mood": mood},
        }
        for n, mood in enumerate(moods)
    ]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


def models(*servers: Server, more: str = "") -> str:
    listed = ", ".join(
        f"{{model: j{n}, base_url: '{one.base_url}', price: {{input: 1, output: 1}}{more}}}"
        for n, one in enumerate(servers)
    )
    return f"evaluate.judge.models=[{listed}]"


def project(task: Path, *sets: str) -> Task:
    return open_task(task, overrides=[*SETS, *sets], env={"OPENAI_API_KEY": "k"})


async def run(task: Task, **how: Any) -> Run:
    return await running.work(task, stages=how.pop("stages", ORDER[:5]), watch=Silent(), **how)


def comparison(result: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((result.folder / "comparison.json").read_bytes())
    return found


async def test_two_judges_score_every_answer_once_and_a_second_run_pays_nothing(approved: Path) -> None:
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(serve()) for _ in range(2)]
        task = project(approved, models(one, two))
        plan = await asyncio.to_thread(planning.plan, task)
        result = await run(task, stages=ORDER)
        assert result.exit_code == 0
        found = comparison(result)
        judging = found["judging"]
        assert judging["judges"] == ["j0", "j1"]
        assert judging["scored"] == 40
        assert (judging["unscored"], judging["pending"]) == (0, 0)
        assert {"judge", "judge:accuracy", "judge:edge_cases"} <= set(found["arms"]["student"]["metrics"])
        assert found["metric"] == "json_fields", "an exact metric carries the verdict where there is one"
        (pair,) = judging["pairs"]
        assert pair["wins"] + pair["ties"] + pair["losses"] + pair["unjudged"] == 20
        assert pair["equal"] > 0
        assert any(line.startswith("Judged in pairs, the student wins") for line in found["verdict"]["sentences"])
        assert judging["agreement"][0]["n"] == 40
        for server in (one, two):
            assert set(server.ledger.billed.values()) == {1}
        planned = {row.spender: row for row in plan.spenders}
        assert planned["evaluate judge j0"].to_send >= len(one.ledger.billed)
        assert planned["evaluate judge j0"].cost.usd_at_most >= one.ledger.usd > 0
        with opened(task.store_path) as store:
            assert {"evaluate judge j0", "evaluate judge j1"} <= {row.spender for row in store.ledger(result.name)}
        sent = len(one.ledger.entries)
        again = await run(task, stages=ORDER)
        assert again.done == []
        other = await run(project(approved, models(one, two), "evaluate.judge.at_least=3"))
        assert "evaluate" in other.done
        assert len(one.ledger.entries) == sent, "another threshold costs no call"
        assert "What do judges say?" in (result.folder / "report.html").read_text()
        assert "student against" in (result.folder / "REPORT.md").read_text()


async def test_scores_of_the_judge_stand_in_the_table_with_a_reason(approved: Path) -> None:
    async with serve() as server:
        result = await run(project(approved, models(server), "evaluate.judge.pairwise=[base]"))
    rows = pl.read_parquet(result.folder / "scores.parquet").filter(pl.col("metric") == "judge")
    assert rows.height == 40
    low = rows.filter(pl.col("value") < 1)
    assert low.height > 10
    assert all(" of 5: " in reason for reason in low["reason"])
    assert comparison(result)["judging"]["pairs"] == []
    assert any(line.startswith("The student is not compared with base") for line in comparison(result)["warnings"])


async def test_a_judge_by_batch_is_waited_for_and_none_is_paid_twice(approved: Path) -> None:
    async with serve(Script(batch=BatchScript(hurry=72_000))) as server:
        task = project(approved, models(server, more=", mode: batch, batch: {poll_s: 0.02, grace_s: 0}"))
        with pytest.raises(InBatches):
            await run(task)
        result = await run(task, wait=True)
        assert comparison(result)["judging"]["scored"] == 40
        assert set(server.ledger.billed.values()) == {1}


async def test_a_judge_that_is_gone_leaves_its_verdicts_pending(approved: Path) -> None:
    """The other's count; the stage is done again when the judge is there."""
    async with AsyncExitStack() as stack:
        one, shut = await stack.enter_async_context(serve()), await stack.enter_async_context(serve(Script(key="x")))
        task = project(approved, models(one, shut))
        found = comparison(await run(task))["judging"]
        assert found["scored"] == 40
        assert found["pending"] > 40
        shut.script = Script()  # type: ignore[misc]  # the host takes the key now
        found = comparison(await run(task))["judging"]
        assert found["pending"] == 0
        assert found["agreement"][0]["n"] == 40


async def test_judging_stands_inside_the_budget(approved: Path) -> None:
    async with serve() as server:
        with pytest.raises(BudgetReached):
            await run(project(approved, models(server), "budget.usd=0.002"))
        assert server.ledger.usd <= 0.002


async def test_pass_rates_are_corrected_by_labelled_answers(approved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge thinks an answer good where it says glad; people say so of nine in ten."""
    judge, model = BiasedJudge(lambda text: 9.0 if "glad" in text else -9.0), scripted.Scripted

    def reply(request: Any) -> str:
        form = request.body.get("response_format", {}).get("json_schema", {})
        return judge(request) if form.get("name") == "verdict" else scripted.fitting(request)

    monkeypatch.setattr(address.scripted, "Scripted", lambda: model(reply=reply))
    rows = [
        {
            "message": f"note {n}",
            "kind": "a",
            "answer": {"mood": "glad" if n % 2 else "cross"},
            "good": bool(n % 2) != (n % 20 == 0),
        }
        for n in range(80)
    ]
    (approved.parent / "gold.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = comparison(await run(project(approved, "evaluate.judge={gold: gold.jsonl}")))
    by = found["judging"]["reliability"]
    assert by["why_not"] == ""
    assert by["agreement"]["n"] == 80
    assert by["sensitivity"]["mean"] == pytest.approx(40 / 44)
    assert by["specificity"]["mean"] == 1.0
    rates = {one["arm"]: one for one in found["judging"]["pass_rates"]}
    assert rates["student"]["passed"]["mean"] == pytest.approx(0.5, abs=0.2)
    assert rates["student"]["corrected"]["mean"] == pytest.approx(rates["student"]["passed"]["mean"] * 1.1, abs=0.01)
    assert any(
        "labelled answers" in line and "of the student's answers pass" in line for line in found["verdict"]["sentences"]
    )
    assert any(line.startswith("Judge and teacher are one model, scripted") for line in found["warnings"])


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ("evaluate.judge.pairwise=[techer]", "'techer' is no arm of this task"),
        ("evaluate.judge.pairwise=[student]", "the student is compared with each of these"),
        ("evaluate.judge.gold=none.jsonl", "no file 'none.jsonl' next to the spec"),
        ("evaluate.judge.prompt=none.md", "none.md: no such file"),
        ("evaluate.judge.dimensions={}", "evaluate.judge.dimensions: none is named"),
        ("evaluate.judge.at_least=9", "expected a number of 5 or less"),
        ("evaluate.judge.models=[{model: a, sampling: {draws: 2}}]", "a judge gives one verdict"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_paid(task: Path, sets: str, said: str) -> None:
    with pytest.raises(SpecError) as fault:
        open_task(task, overrides=[sets], env={})
    assert said in str(fault.value)


async def test_a_pilot_measures_what_the_judges_of_test_answers_take(approved: Path) -> None:
    """Four of the teacher's answers to test rows are there after the pilot, and are judged for real."""
    async with serve() as server:
        plan = await asyncio.to_thread(planning.plan, project(approved, models(server)), pilot=4)
        row = next(one for one in plan.spenders if one.spender == "evaluate judge j0")
        assert (row.in_store, len(server.ledger.billed)) == (4, 4)
        assert row.measured is not None
        assert row.cost.usd_expected is not None
        assert 0 < row.cost.usd_expected <= row.cost.usd_at_most
