"""Whole runs with a student at a host: what is asked by itself, what only when it is named, and where it is shown."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import tuning_host
from small_tasks import WORDS
from tuning_jobs import TuningHost

from distill.cli.text.run import run_lines
from distill.evaluate.probes.asked.drift import ODD, ROWS
from distill.evaluate.probes.stage import calls_wanted, wanted
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.plan import plan as planning
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent

TESTS = 24
HOSTED = "student.train={with: hosted, base: tiny, poll_s: 0.01}"
SETS = (HOSTED, "evaluate.arms=[teacher, base, student]", f"seeds.test={{rows: {TESTS}}}", "dataset.accept=null")
NAMED = "evaluate.probes=[style, forgetting, drift, injection]"


def opened(task: Path, host: TuningHost, *sets: str) -> Task:
    return open_task(task, overrides=(*SETS, *sets), env={"OPENAI_BASE_URL": host.base_url})


def compared(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "comparison.json").read_bytes())
    return found


async def test_probes_that_cost_calls_are_asked_only_when_they_are_named(task: Path) -> None:
    async with tuning_host.serve() as host:
        first = await running.work(opened(task, host), stages=ORDER, watch=Silent())
        asked = host.questions
        auto = {one["name"]: one for one in compared(first.folder)["probes"]}
        assert set(auto) >= {
            "memorisation",
            "loss_gap",
            "same_answer",
            "refuses_more",
            "far_rows",
            "forgetting",
            "obeyed",
        }
        assert "evaluate.probes: [forgetting] asks for it" in auto["forgetting"]["reason"]
        again = await running.work(opened(task, host, NAMED), stages=("evaluate", "report"), watch=Silent())
        found = {one["name"]: one for one in compared(again.folder)["probes"]}
        assert set(found) & set(auto) >= {"same_answer", "forgetting", "long_inputs", "odd_inputs", "obeyed"}
        assert "memorisation" not in found
        assert host.questions - asked == 2 * 40 + TESTS + len(ODD) + TESTS
        await running.work(opened(task, host, NAMED, "evaluate.margin=0.05"), stages=("evaluate",), watch=Silent())
        assert host.questions - asked == 2 * 40 + TESTS + len(ODD) + TESTS, "they are in the store"
        for name in ("long_inputs", "odd_inputs", "obeyed"):
            assert found[name]["n"] == (len(ODD) if name == "odd_inputs" else TESTS)
            assert found[name]["value"] is not None, found[name]["reason"]
    page = (again.folder / "report.html").read_text()
    assert "What the mean does not show" in page
    assert again.diagnosis is not None
    assert again.as_json()["diagnosis"]["step"]["text"] == again.diagnosis.step.text
    lines = "\n".join(run_lines(again))
    assert f"cause: {again.diagnosis.sentence}" in lines
    assert "next: " in lines


async def test_a_model_that_gives_back_training_rows_is_named_in_a_whole_run(task: Path) -> None:
    """The host's tuned model says the answer of the training row that is nearest to the question; its teacher says the question."""
    chance = random.Random(5)
    rows = [
        {"message": " ".join(f"{chance.choice(WORDS)}{chance.randrange(99)}" for _ in range(20)), "kind": "ab"[n % 2]}
        for n in range(60)
    ]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (task.parent / "teacher.md").write_text("Say it again.\n[user]\n{{message}}\n")
    free = ("teacher.output=null", "seeds.gold=null", "strata={}", "evaluate.arms=[teacher, student]")
    async with tuning_host.serve() as host:
        result = await running.work(opened(task, host, *free), stages=ORDER, watch=Silent())
    found = compared(result.folder)["probes"]
    assert {one["probe"] for one in found if one["passed"] is False} == {"memorisation"}
    copies = next(one for one in found if one["name"] == "memorisation")
    assert copies["value"] > 50
    assert copies["examples"]


async def test_no_probe_is_a_choice(task: Path) -> None:
    async with tuning_host.serve() as host:
        result = await running.work(opened(task, host, "evaluate.probes=none"), stages=ORDER, watch=Silent())
        assert compared(result.folder)["probes"] == []
        assert "What the mean does not show" not in (result.folder / "report.html").read_text()


async def test_plan_counts_and_prices_what_is_named(task: Path) -> None:
    async with tuning_host.serve() as host:
        auto, named = opened(task, host), opened(task, host, NAMED)
        assert calls_wanted(auto) == (0, 0)
        assert calls_wanted(named) == (40, 40 + ROWS + len(ODD) + ROWS)
        row = next(one for one in planning.plan(named).spenders if one.spender == "probes base")
        assert row.requests == 40
        assert planning.plan(named).student_calls == TESTS + calls_wanted(named)[1]
        assert host.questions == 0


@pytest.mark.parametrize(
    ("given", "names"),
    [("none", []), ("[injection, style]", ["style", "injection"])],
)
def test_probes_are_chosen_by_name(task: Path, given: str, names: list[str]) -> None:
    assert wanted(open_task(task, overrides=[f"evaluate.probes={given}"], env={})) == names


def test_auto_is_all_of_them_and_those_that_ask_where_the_model_is_local(task: Path) -> None:
    local = open_task(task, overrides=["student.train={with: lora}", "evaluate.arms=[teacher, student]"], env={})
    assert len(wanted(local)) == 7
    assert calls_wanted(local) == (40, 40 + ROWS + len(ODD) + ROWS)
