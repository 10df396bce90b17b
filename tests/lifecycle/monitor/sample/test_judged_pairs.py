"""Free text in the monitor's sample: a judge compares the student's answer with the teacher's, priced before, within the budget."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from two_teachers import Teachers, prefers, serve

from distill.lifecycle.monitor.rates.known_inputs import Count
from distill.lifecycle.monitor.rates.signals import BETTER, TEACHER
from distill.lifecycle.monitor.sample.teacher_sample import SampleAsked, ask_teacher
from distill.pipeline.open_task import open_task
from distill.records import canonical
from distill.task.task import Task
from distill.teacher.progress import Silent

JUDGE = "evaluate.judge={models: [{model: judge, price: {input: 1, output: 1}}]}"
REPLY = "Thank you for writing to us about number {n}; we are sorry for all of the trouble, and somebody will call you back before noon."


class Heard(Silent):
    def __init__(self) -> None:
        self.lines = list[str]()

    def say(self, line: str) -> None:
        self.lines.append(line)


def task_of(folder: Path, base_url: str, *sets: str) -> Task:
    """Replies in free text; the teacher says a mood, as a JSON text that nobody reads as such."""
    rows = [{"message": f"lovely letter number {n} of the customer, please answer it"} for n in range(12)]
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "teacher.md").write_text("Answer the letter.\n[user]\n{{message}}\n")
    (folder / "student.md").write_text("Answer.\n[user]\n{{message}}\n")
    (folder / "task.yaml").write_text(
        "task: letters\nseeds: {from: seeds.jsonl, test: {rows: 2}}\n"
        "teacher: {model: old, price: {input: 1, output: 1}, terms: made up, exam: {rows: 0}, sampling: {max_tokens: 50}}\n"
        "student: {train: {with: none}}\nevaluate: {arms: [teacher]}\n"
    )
    return open_task(folder / "task.yaml", overrides=sets, env={"OPENAI_BASE_URL": base_url})


def calls(rows: int = 10) -> pl.DataFrame:
    made = [
        {"input": text, "fields": canonical({"message": text}), "answer": REPLY.format(n=n), "tool_calls": ""}
        for n in range(rows) for text in (f"lovely letter {n}: where is it?",)
    ]  # fmt: skip
    return pl.DataFrame(made)


@pytest.fixture
async def teachers() -> AsyncIterator[Teachers]:
    async with serve() as found:
        yield found


async def sampled(task: Task, watch: Silent | None = None, own: dict[str, Count] | None = None) -> SampleAsked:
    return await asyncio.wait_for(ask_teacher(task, calls(), own or {}, watch or Silent()), 60)


async def test_the_judge_says_whose_answer_is_better_and_is_priced_beforehand(
    teachers: Teachers, tmp_path: Path
) -> None:
    """In both orders; a second look at the same calls pays for nothing."""
    teachers.judge, heard = prefers("glad"), Heard()
    task = task_of(tmp_path, teachers.base_url, JUDGE)
    found = await sampled(task, heard, {BETTER: Count(1, 20)})
    judged = found.figures.judged
    assert judged is not None
    assert (judged.teacher_better, judged.student_better, judged.asked) == (10, 0, 20)
    assert teachers.asked == {"old": 10, "judge": 20}
    assert found.counts == {BETTER: Count(10, 10)}
    assert (found.figures.differs, judged.own and judged.own.n) == (None, 20)
    line = heard.lines[0]
    assert (
        "10 logged calls are asked of old, 10 not asked before, at most 20 questions about the answers to judge, at most $"
        in line
    )
    most = re.search(r"at most \$([0-9.]+)$", line)
    assert most
    assert found.figures.usd is not None
    assert 0 < found.figures.usd <= float(most[1]) + 0.00005
    again = await sampled(task)
    assert (again.figures.asked, again.figures.judged and again.figures.judged.asked, again.figures.usd) == (0, 0, 0.0)
    assert again.counts == found.counts


async def test_a_judge_that_goes_with_the_order_finds_neither_better(teachers: Teachers, tmp_path: Path) -> None:
    teachers.judge = prefers("nothing of either", first=99.0)
    judged = (await sampled(task_of(tmp_path, teachers.base_url, JUDGE))).figures.judged
    assert judged is not None
    assert (judged.ties, judged.by_order, judged.teacher_better) == (10, 10, 0)


async def test_the_budget_stops_the_judge_and_what_it_said_is_kept(teachers: Teachers, tmp_path: Path) -> None:
    teachers.judge = prefers("glad")
    alone = await sampled(task_of(tmp_path, teachers.base_url))
    assert alone.figures.usd is not None
    found = await sampled(task_of(tmp_path, teachers.base_url, JUDGE, "budget.usd=0.0012"))
    judged = found.figures.judged
    assert found.fault is not None
    assert judged is not None
    assert 0 < teachers.asked["judge"] < 20
    assert judged.teacher_better + judged.unread == 10
    assert judged.unread > 0


async def test_without_a_judge_the_likeness_of_texts_decides(teachers: Teachers, tmp_path: Path) -> None:
    found = await sampled(task_of(tmp_path, teachers.base_url))
    assert teachers.asked == {"old": 10}
    assert found.counts == {TEACHER: Count(10, 10)}


async def test_answers_that_rules_compare_need_no_judge(teachers: Teachers, tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_text(
        json.dumps({"type": "object", "properties": {"mood": {"enum": ["glad", "cross"]}}})
    )
    task = task_of(tmp_path, teachers.base_url, JUDGE, "teacher.output=answer.json")
    given: Any = calls().with_columns(answer=pl.lit('{"mood": "cross"}'))
    found = await ask_teacher(task, given, {}, Silent())
    assert (teachers.asked["judge"], found.figures.judged, found.counts) == (0, None, {TEACHER: Count(10, 10)})
