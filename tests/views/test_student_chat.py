"""A student and its base, asked by hand: as the comparison asks them, and nothing is kept."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from distill.chat.templates import parse
from distill.errors import UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.records import Json
from distill.rundir import RunDir
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve
from distill.views import student_chat
from distill.views.student_chat import Reply, StudentChat

Asked = tuple[list[dict[str, Reply]], list[str]]


async def talk(task: Task, folder: RunDir, *fields: Mapping[str, Json], base: bool = True) -> Asked:
    """The replies to each question, and the notes before them."""
    async with student_chat.opened(task, folder, base=base) as chat:
        return [await chat.ask(one) for one in fields], list(chat.notes)


def asked(task: Task, folder: RunDir, *fields: Mapping[str, Json], base: bool = True) -> Asked:
    return asyncio.run(talk(task, folder, *fields, base=base))


@pytest.mark.slow
def test_student_and_base_answer_as_in_the_comparison(task: Path, tiny_family: Callable[[str], Path]) -> None:
    """The same answers as the run's own, by the same requests; the store and the run stay as they are."""
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    sets = (
        "student.train={with: lora, base: ./base, epochs: 1, layers: 1, learning_rate: 0.01}",
        "evaluate.arms=[base, student]",
        "teacher.sampling={max_tokens: 4}",
    )
    opened = open_task(task, overrides=sets, env={})
    running.start(opened, stages=ORDER, watch=Silent())
    folder = RunDir(opened.home, "mood", 1)
    files = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    calls = folder.path / "calls.parquet"
    row = _first_row(folder)
    store = sqlite3.connect(task.parent / ".distill" / "answers.db")
    before = store.execute("SELECT count(*) FROM attempts").fetchone()
    (replies,), notes = asked(opened, folder, row.fields)
    assert list(replies) == ["student", "base"]
    assert notes == []
    texts = dict(pl.read_parquet(calls).filter(seed_id=row.seed_id).select("arm", "text").iter_rows())
    assert {name: reply.text for name, reply in replies.items()} == texts
    assert all(reply.seconds > 0 and reply.usd is None for reply in replies.values())
    assert store.execute("SELECT count(*) FROM attempts").fetchone() == before
    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == files
    (alone,), _ = asked(opened, folder, row.fields, base=False)
    assert list(alone) == ["student"]


def _first_row(folder: RunDir) -> student_chat.HeldOutRow:
    seeds = pl.read_parquet(folder.path / "seeds.parquet").filter(role="test")
    return student_chat.held_out_row(folder, seeds["seed_id"][0])


def test_a_linear_model_answers_alone(finished_moods: Path) -> None:
    task = open_task(finished_moods, env={})
    folder = RunDir(task.home, "mood", 1)
    (replies,), notes = asked(task, folder, {"message": "lovely bright golden lamp"})
    assert replies["student"].text == '{"mood": "glad"}'
    assert notes == ["a linear model has no base"]


async def test_a_hosted_student_and_its_base_are_asked_at_the_host(task: Path) -> None:
    """Beside each other, at a price that is said; what the host refuses is an answer of its own."""
    running.start(open_task(task, env={}), stages=ORDER[:3], watch=Silent())
    folder = RunDir(task.parent, "mood", 1)
    (folder.path / "student").mkdir()
    (folder.path / "student" / "hosted.json").write_text(json.dumps({"model": "ft:tiny"}))
    async with serve(Script()) as server:
        train = f"{{with: hosted, base: tiny, base_url: '{server.base_url}', price: {{input: 1, output: 1}}, tuned_price: {{input: 2, output: 2}}}}"
        opened = open_task(task, overrides=[f"student.train={train}"], env={"OPENAI_API_KEY": "sk-none"}, priced=False)
        (replies,), notes = await talk(opened, folder, {"message": "hello"})
    assert list(replies) == ["student", "base"]
    assert all(reply.text and reply.usd for reply in replies.values())
    assert "is paid for at its price" in notes[0]
    (replies,), _ = await talk(opened, folder, {"message": "hello"})
    assert "no answer" not in replies["student"].text
    assert replies["student"].error, "nobody is there any more"


def test_a_test_row_is_found_by_its_id_or_the_beginning_of_it(finished_moods: Path) -> None:
    folder = RunDir(finished_moods.parent, "mood", 1)
    row = _first_row(folder)
    assert student_chat.held_out_row(folder, row.seed_id[:12]) == row
    assert row.known in ({"mood": "glad"}, {"mood": "cross"})
    for named in ("", "zz", "\x1b[2J"):
        with pytest.raises(UsageError, match="no test row is"):
            student_chat.held_out_row(folder, named)


def test_a_run_without_a_student_is_told(task: Path) -> None:
    opened = open_task(task, env={})
    with pytest.raises(UsageError, match="has no student to talk to: nothing is trained"):
        asked(opened, RunDir(opened.home, "mood", 1), {"message": "a"})


def test_each_keeps_a_conversation_of_its_own(task: Path) -> None:
    """Where the prompt takes one; and a text for the system stands in place of the prompt's."""
    opened = open_task(task, env={})
    opened = replace(opened, student_prompt=parse("Mood?\n[messages]\n{{history}}\n", "student.md"))
    chat = StudentChat(opened, {name: (opened.teacher, Scripted()) for name in ("student", "base")})
    for text in ("hello", "and now"):
        replies = asyncio.run(chat.ask({"history": text}))
    turns = chat.history["base"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant"]
    assert turns[-1]["content"] == replies["base"].text
    chat.system = "Be brief."
    assert chat.prompt.turns == (("system", "Be brief."), ("messages", "{{history}}"))
    chat.reset()
    assert (chat.history, chat.prompt) == ({}, opened.student_prompt)
    wrong = asyncio.run(chat.ask({"history": [{"role": "nobody"}]}))
    assert "turn 1 has no role" in wrong["student"].error
