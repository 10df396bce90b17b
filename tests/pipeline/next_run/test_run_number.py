"""A finished run is never redone under another spec: the next number begins as its copy, and it stays as it was."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from distill.errors import UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve

Served = Callable[..., Awaitable[dict[str, Any]]]


class Heard(Silent):
    """A watch that keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def run(task: Path, *sets: str, watch: Silent | None = None, **how: Any) -> Run:
    task = open_task(task, overrides=sets, env={})
    return running.start(task, stages=how.pop("stages", ORDER), watch=watch or Silent(), **how)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@pytest.mark.parametrize("change", ["dataset.accept=14", "evaluate.margin=0.1", "prompt", "seeds"])
def test_another_spec_opens_the_next_number_and_leaves_the_finished_run(task: Path, change: str) -> None:
    """The next one begins with what is there: nothing that the change does not reach is done again, or asked again."""
    first = run(task).folder
    before, watch = contents(first), Heard()
    if change == "prompt":
        (task.parent / "student.md").write_text("Say the mood.\n[user]\n{{message}}\n")
    if change == "seeds":
        seeds = task.parent / "seeds.jsonl"
        seeds.write_text("".join(seeds.read_text().splitlines(keepends=True)[:-1]))
    second = run(task, *([change] if "=" in change else []), watch=watch)
    assert second.name.endswith("/002")
    assert contents(first) == before
    told = {"prompt": "student.md", "seeds": "seeds.jsonl"}.get(change, change.partition("=")[0])
    assert watch.lines[0] == f"  run mood/001 is finished and keeps its spec; {told} changed: this is run mood/002"
    assert second.requests_sent == 0
    # Gates read the student's prompt, so another one is a reason to look at the answers again, and not to ask. The card names its run.
    assert (second.skipped == list(ORDER[:2])) == ("margin" in change)


@pytest.mark.parametrize("change", ["budget.usd=3", "deadline=8h", "teacher.limits.in_flight=2"])
def test_what_changes_no_answer_opens_nothing(task: Path, change: str) -> None:
    run(task)
    again = run(task, change)
    assert again.name == "mood/001"
    assert set(again.done) <= {"report"}


def test_a_run_that_is_not_finished_goes_on_under_another_spec(task: Path) -> None:
    run(task, stages=ORDER[:3])
    assert run(task, "dataset.accept=14").name == "mood/001"


@pytest.fixture
def asked(task: Path) -> Path:
    """The task with a model of an endpoint's."""
    task.write_text(task.read_text().replace("model: scripted", "model: m"))
    return task


@pytest.fixture
async def served(asked: Path) -> AsyncIterator[Served]:
    """Runs the task with an endpoint that answers as any model; the spec's own is m."""
    async with serve(Script()) as server:

        async def work(*sets: str, **how: Any) -> Run:
            task = open_task(asked, overrides=sets, env={"OPENAI_BASE_URL": server.base_url})
            return await running.work(task, stages=how.pop("stages", ORDER), watch=Silent(), **how)

        yield work


OTHER = "teacher.model=other"


async def test_after_a_refresh_by_another_teacher_the_old_spec_opens_a_run_of_its_own(served: Served) -> None:
    """`distill run task.yaml`, as it stands, asks the old teacher again: the refreshed student stays where it is."""
    await served()
    refreshed = (await served(OTHER, refresh=True)).folder
    before = contents(refreshed)
    back = await served()
    assert (refreshed.name, back.name) == ("002", "mood/003")
    assert contents(refreshed) == before
    assert json.loads((refreshed / "manifest.json").read_bytes())["teacher"] == "other"


async def test_a_stage_alone_puts_no_other_teachers_name_on_the_answers(served: Served) -> None:
    await served()
    refreshed = (await served(OTHER, refresh=True)).folder
    before = contents(refreshed)
    for stage in ("curate", "report"):
        with pytest.raises(
            UsageError, match=r"holds answers of other, and the spec asks m;.* --set teacher.model=other"
        ):
            await served(stages=(stage,))
    assert contents(refreshed) == before
    assert (await served(OTHER, stages=("report",))).name == "mood/002"


async def test_a_second_refresh_with_another_prompt_opens_the_next_number(task: Path, served: Served) -> None:
    await served()
    second = (await served(OTHER, refresh=True)).folder
    assert (await served(OTHER, refresh=True)).name == "mood/002"  # nothing changed
    before = contents(second)
    (task.parent / "student.md").write_text("Say the mood.\n[user]\n{{message}}\n")
    third = await served(OTHER, refresh=True)
    assert third.name == "mood/003"
    assert json.loads((third.folder / "manifest.json").read_bytes())["parent"] == "mood/002"
    assert contents(second) == before


async def test_a_run_keeps_its_spec_as_used_and_says_how_to_repeat_it(served: Served) -> None:
    """The run's own file holds what `--set` changed; the report names the command with its changes."""
    await served()
    folder = (await served(OTHER, "dataset.accept=14", refresh=True)).folder
    text = (folder / "task.yaml").read_text()
    assert "model: other" in text
    assert "accept: 14" in text
    report = json.loads((folder / "report.json").read_bytes())
    assert report["repeat"] == ["distill refresh task.yaml --set teacher.model=other --set dataset.accept=14 --apply"]
    assert (folder.parent / "001" / "task.yaml").read_text().startswith("task: mood\nseeds: {from: seeds.jsonl")
