"""The student of the run before is asked as that run made it, and its own answers stand in where it is not there any more."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import tuning_host
from tuning_jobs import TuningHost

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.progress import Silent

PROMPT = "Kindly say the mood.\n[user]\n{{message}}\n"


@pytest.fixture
def hosted(task: Path) -> Path:
    text = task.read_text().replace("train: {with: none}", "train: {with: hosted, base: tiny, poll_s: 0.01}")
    task.write_text(text.replace("arms: [teacher]", "arms: [teacher, student]"))
    return task


async def run(task: Path, host: TuningHost | None, *sets: str, **how: Any) -> Run:
    opened = open_task(task, overrides=sets, env={"OPENAI_BASE_URL": host.base_url} if host else {})
    return await running.work(opened, stages=ORDER, watch=Silent(), **how)


def by_linear_model(task: Path) -> None:
    """Today's student is a linear model of known answers."""
    text = task.read_text().replace("{with: hosted, base: tiny, poll_s: 0.01}", "{with: linear}")
    text = text.replace("gold: expected, test", "gold: expected, gold_rows: train, test")
    task.write_text(text.replace("share: 0.25", "share: 0.25, gold: true"))
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    moods = [row | {"expected": {"mood": "glad" if n % 2 else "cross"}} for n, row in enumerate(rows)]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in moods))


def asked_with(task: Path, model: str) -> set[str]:
    """The system prompts that a model was asked with."""
    with sqlite3.connect(task.parent / ".distill" / "answers.db") as db:
        bodies = [json.loads(text) for (text,) in db.execute("SELECT request FROM answers")]
    return {body["messages"][0]["content"] for body in bodies if body["model"] == model}


def previous(run: Run) -> pl.DataFrame:
    return pl.read_parquet(run.folder / "calls.parquet").filter(arm="previous")


async def test_it_is_asked_with_its_own_prompt(hosted: Path) -> None:
    """The task's prompt has changed since; the earlier student never learnt the new one."""
    async with tuning_host.serve() as host:
        await run(hosted, host)
        (hosted.parent / "student.md").write_text(PROMPT)
        new = await run(hosted, host, refresh=True)
    models = [
        json.loads((new.folder.parent / name / "student" / "hosted.json").read_bytes())["model"]
        for name in ("001", "002")
    ]
    assert models[0] != models[1]
    assert [asked_with(hosted, model) for model in models] == [{"Mood?"}, {"Kindly say the mood."}]
    assert previous(new).height == 12


@pytest.mark.parametrize("kept", [True, False])
async def test_a_student_that_is_gone_is_compared_by_the_answers_that_its_run_kept(hosted: Path, kept: bool) -> None:
    """Another way to train, and neither host nor key of the old one: nothing stops, and the report says what stands in."""
    async with tuning_host.serve() as host:
        first = await run(hosted, host)
    if not kept:
        (first.folder / "calls.parquet").unlink()
    by_linear_model(hosted)
    new = await run(hosted, None, "dataset.accept=null", refresh=True)
    said = " ".join(json.loads((new.folder / "report.json").read_bytes())["warnings"])
    assert new.exit_code == 0
    if kept:
        assert "The 12 answers that its run kept for these test rows stand in." in said
        assert set(previous(new)["ended"]) == {"ok"}
    else:
        assert "The student of mood/001 was not asked" in said
        assert not previous(new).height


async def test_a_linear_student_stays_one_where_the_new_one_is_none(finished_moods: Path) -> None:
    """What the earlier run's student is says its own spec, not today's."""
    new = await run(finished_moods, None, "student.train.with=none", "evaluate.arms=[teacher]", refresh=True)
    assert previous(new).height


async def test_another_host_is_not_asked_for_a_student_that_it_never_had(hosted: Path) -> None:
    """The address comes from the environment, and names another host today."""
    async with tuning_host.serve() as host:
        await run(hosted, host)
    async with tuning_host.serve() as other:
        new = await run(hosted, other, "dataset.accept=14", refresh=True)
    assert previous(new).height == 12
    said = " ".join(json.loads((new.folder / "report.json").read_bytes())["warnings"])
    assert f"it is at {host.base_url}" in said
