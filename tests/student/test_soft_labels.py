"""Soft labels: what rows count by the teacher's probabilities, and a run whose student learns from them."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from echoes import completion, echoing

from distill.pipeline import run as running
from distill.pipeline.learning_curve.curve import drawn
from distill.pipeline.learning_curve.plan import CurveRequest
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.records import Answer, Ended, Json, Request, Usage
from distill.rundir import RunDir
from distill.student import linear, soft_labels
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent
from distill.teacher.store.store import opened

MOODS = '{"mood": "glad", "urgent": true}'


def listed(*parts: tuple[str, float]) -> list[Json]:
    return [{"token": said, "logprob": math.log(share), "bytes": list(said.encode())} for said, share in parts]


TOKENS = listed(('{"mood": ', 0.1), ('"glad"', 0.6), (', "urgent": ', 0.1), ("true", 0.9), ("}", 0.1))


def said(text: str, logprobs: Json = None) -> Answer:
    return Answer("", Ended.OK, text, "stop", Usage(1, 1), model="m", logprobs=logprobs)


def test_each_field_has_the_probability_of_its_own_value() -> None:
    assert soft_labels.by_field(said(MOODS, TOKENS)) == {"mood": pytest.approx(0.6), "urgent": pytest.approx(0.9)}
    assert soft_labels.by_field(said("glad", listed(("gl", 0.5), ("ad", 0.5)))) == {"answer": pytest.approx(0.25)}


def test_an_answer_without_probabilities_of_its_own_has_none() -> None:
    assert soft_labels.by_field(said(MOODS)) == {}
    assert soft_labels.by_field(said(MOODS, listed(("glad", 0.5)))) == {}
    assert soft_labels.by_field(said("glad")) == {}


def test_known_answers_and_those_without_probabilities_count_whole_and_are_told(tmp_path: Path) -> None:
    """Of what does not train, nothing is read."""
    asked = [Request("somewhere", {"messages": [{"role": "user", "content": str(n)}]}) for n in range(4)]

    async def keep() -> None:
        with opened(tmp_path / "a.db") as store:
            for request, logprobs in zip(asked, (TOKENS, None, TOKENS, TOKENS), strict=True):
                attempt = await store.intend(request, run="t/001", spender="teacher", reserved_usd=0.0)
                await store.settle(attempt, request, said(MOODS, logprobs))

    asyncio.run(keep())
    rows = pl.DataFrame(
        {
            "request_id": [*(one.id for one in asked), None, "gone"],
            "fate": ["train", "valid", "dropped", "train", "train", "train"],
            "tool_calls": ["", "", "", "[]", "", ""],
        }
    )
    found = soft_labels.of_rows(tmp_path / "a.db", rows)
    assert found.sure == {asked[0].id: {"mood": pytest.approx(0.6), "urgent": pytest.approx(0.9)}}
    assert found.figures == {"weighed": 1, "without_probabilities": 2, "known": 1}
    assert found.sentence == (
        "soft labels, 4 rows count: 1 by the teacher's probabilities, 2 whole, for the endpoint gave none with their answers, "
        "1 whole, for their answers are known"
    )
    assert soft_labels.SoftLabels({}, 0, 3, 0).sentence.endswith("; this is what training without soft_labels learns")


class Teacher:
    """It says glad to every second row and cross to the others, and is sure of glad alone; each `tells`-th answer has probabilities."""

    def __init__(self, *, tells: int = 1) -> None:
        self.tells, self.bodies = tells, list[Any]()

    def __call__(self, _headers: dict[str, str], body: Any) -> tuple[int, bytes]:
        self.bodies.append(body)
        number = int(body["messages"][-1]["content"].split()[-1])
        mood, share = (("glad", 0.9), ("cross", 0.2))[number % 2]
        text = json.dumps({"mood": mood})
        reply = json.loads(completion(text))
        if body.get("logprobs") and number % self.tells == 0:
            tokens = listed(('{"mood": ', 1.0), (f'"{mood}"', share), ("}", 1.0))
            reply["choices"][0]["logprobs"] = {"content": tokens}
        return 200, json.dumps(reply).encode()


@pytest.fixture
def doubtful(task: Path) -> Path:
    """80 rows that tell nothing of their mood, 20 of which are the test."""
    rows = [{"message": f"parcel {n * 7919} {n * 104729 % 9973} {n}", "kind": "ab"[n % 3 % 2]} for n in range(80)]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


def opened_task(task: Path, url: str) -> Task:
    given = (
        "teacher.model=m", f"teacher.base_url={url}", "teacher.price={input: 1, output: 1}", "seeds.gold=null", "dataset.accept=null",
        "student.train={with: linear, soft_labels: true}", "evaluate.arms=[teacher, student]",
    )  # fmt: skip
    return open_task(task, overrides=given, env={"OPENAI_API_KEY": "k"})


async def run(task: Task) -> Run:
    return await running.work(task, stages=ORDER, watch=Silent())


def told(result: Run) -> dict[str, int]:
    stages = json.loads((result.folder / "manifest.json").read_bytes())["stages"]
    found: dict[str, int] = stages["train"]["soft_labels"]
    return found


def glad(model: linear.Classifier | None) -> int:
    """Of 40 new messages, those that it takes for glad ones."""
    assert model is not None
    return sum(
        one.answer["mood"] == "glad" for one in model.predict([f"parcel {n} {n * 31}" for n in range(1000, 1040)])
    )


async def run_twice(spec: Path) -> tuple[Task, Run]:
    """The first of two runs: every question to the teacher asks for probabilities, that of a test row too, and the second asks nothing."""
    teacher = Teacher()
    async with echoing(teacher) as (url, came):
        task = opened_task(spec, url)
        first, sent = await run(task), len(came)
        again = await run(task)
    assert (len(came), again.requests_sent) == (sent, 0)
    assert "train" in again.skipped
    assert all(body["logprobs"] is True for body in teacher.bodies)
    return task, first


def test_a_student_leans_to_what_the_teacher_was_sure_of(doubtful: Path) -> None:
    """So do the points of its learning curve, and a student of the labels alone does not."""
    task, result = asyncio.run(run_twice(doubtful))
    figures = told(result)
    assert figures["weighed"] > 40
    assert (figures["without_probabilities"], figures["known"]) == (0, 0)
    assert glad(linear.load(result.folder / linear.MODEL)) > 35
    assert glad(linear.train(pl.read_parquet(result.folder / "samples.parquet"), task.output)) < 30
    drawn(task, RunDir(task.home, "mood", 1), CurveRequest(rows="50%,100%"), Silent())
    whole = max((result.folder / "curve" / "linear").glob("*/linear.npz"))
    assert glad(linear.load(whole)) > 35


async def test_rows_whose_answers_have_no_probabilities_are_counted(doubtful: Path) -> None:
    async with echoing(Teacher(tells=3)) as (url, _):
        some = told(await run(opened_task(doubtful, url)))
    assert some["weighed"] > 0
    assert some["without_probabilities"] > some["weighed"]
