"""Who is asked the calibration rows, and how, when the student is a language model at a host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import tuning_host

from distill.evaluate.arms import Arm, arms_of
from distill.evaluate.selective import calibration
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent

HOSTED = "student.train={with: hosted, base: tiny, poll_s: 0.01}"
ROWS = ("seeds.test={rows: 10}", "dataset.accept=null", "evaluate.arms=[teacher, student]")


def many(task: Path) -> None:
    rows = [{"message": f"{n * 7919} {n * 104729 % 9973}", "kind": "ab"[n % 2]} for n in range(60)]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


async def hosted_run(task: Path, *sets: str) -> tuple[dict[str, Any], pl.DataFrame]:
    async with tuning_host.serve() as host:
        opened = open_task(
            task, overrides=["seeds.gold=null", *ROWS, HOSTED, *sets], env={"OPENAI_BASE_URL": host.base_url}
        )
        result = await running.work(opened, stages=ORDER, watch=Silent())
    found: dict[str, Any] = json.loads((result.folder / "comparison.json").read_bytes())
    return found, pl.read_parquet(result.folder / "seeds.parquet")


async def test_a_host_without_token_probabilities_is_named_and_nothing_is_answered_alone(task: Path) -> None:
    many(task)
    found, _ = await hosted_run(task, "evaluate.calibration.rows=20")
    assert found["selective"]["threshold"] is None
    assert "gives no token probabilities" in found["selective"]["note"]
    assert any(said.startswith("The student answers nothing alone") for said in found["verdict"]["sentences"])


async def test_further_draws_tell_how_sure_it_is_where_the_spec_asks_for_them(task: Path) -> None:
    """Without a known answer wrong means unlike the teacher, which is asked the calibration rows too."""
    many(task)
    found, seeds = await hosted_run(task, "evaluate.calibration={rows: 20, draws: 3}", "evaluate.risk=0.4")
    selective = found["selective"]
    assert (selective["signal"], selective["against"]) == ("agreement of draws", "teacher")
    assert selective["threshold"]["rows"] == seeds.filter(role="calibration").height == 20


def test_only_the_student_is_asked_for_probabilities_and_the_teacher_only_without_known_answers(task: Path) -> None:
    opened = open_task(task, overrides=["evaluate.calibration.rows=5"], env={})
    known = pl.DataFrame({"gold": ['{"mood": "glad"}', None]})
    unknown = pl.DataFrame({"gold": pl.Series([None, None], dtype=pl.String)})
    asked = [*arms_of(opened, student=None), Arm("student", opened.base, opened.student_prompt)]
    assert [(arm.name, arm.extra) for arm in calibration.arms_on(opened, known, asked)] == [
        ("student", {"logprobs": True})
    ]
    assert [arm.name for arm in calibration.arms_on(opened, unknown, asked)] == ["student", "teacher"]


def test_each_draw_is_a_request_of_its_own(task: Path) -> None:
    opened = open_task(task, overrides=["evaluate.calibration={rows: 5, draws: 2}"], env={})
    arm = Arm("student", opened.base, opened.student_prompt)
    rows = pl.DataFrame({"fields": ['{"message": "a"}', '{"message": "b"}']})
    asked = [one for draw in (1, 2) for one in calibration.draws_of(opened, arm, rows, draw)]
    assert len({one.id for one in asked}) == 4
    assert calibration.wishing(opened, arm).extra == {}
