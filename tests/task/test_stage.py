"""`stage`: done once, skipped while all that it read is as it was, done again with the reason where one of them changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from distill.atomic_write import write_json
from distill.money import Budget
from distill.pipeline.facts import FACTS
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir, read_json
from distill.task import stores
from distill.task.run import ActiveRun
from distill.task.stage import stage
from distill.teacher.progress import Silent
from distill.teacher.send import Sender

HOST = {"OPENAI_BASE_URL": "https://a.example/v1", "OPENAI_API_KEY": "sk-first"}
OTHER = {"OPENAI_BASE_URL": "https://b.example/v1", "OPENAI_API_KEY": "sk-first"}


def owed(run: ActiveRun) -> int:
    return run.fact("owed", lambda run: run.pending("generate"))


@contextmanager
def begun(task: Path, *sets: str, env: Mapping[str, str] = HOST) -> Iterator[ActiveRun]:
    task = open_task(task, overrides=sets, env=env)
    folder = RunDir(task.home, "mood", 1)
    with stores.opened(task.home) as store:
        sender = Sender(store=store, run=folder.name, budget=Budget(None, 0.0), watch=Silent())
        yield ActiveRun(task, folder, store, sender, Silent(), facts=FACTS)


async def do(
    task: Path, read: Callable[[ActiveRun], Any], *sets: str, sending: bool = False, **how: Any
) -> list[str] | None:
    """Why the stage was done; None where it was skipped."""
    with begun(task, *sets, **how) as run:

        async def work(run: ActiveRun) -> dict[str, Any]:
            read(run)
            write_json(run.folder / "made.json", [1])
            return {}

        await stage(run, "curate", outputs=["made.json"], work=work, sending=sending)
        return run.changed.get("curate")


def trace(task: Path) -> dict[str, str]:
    manifest = json.loads((task.parent / "runs" / "mood" / "001" / "manifest.json").read_text())
    return dict(manifest["stages"]["curate"]["reads"])


def write(name: str, text: str) -> Callable[[Path], None]:
    def change(task: Path) -> None:
        path = task.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return change


def owe(task: Path) -> None:
    RunDir(task.parent, "mood", 1).record("generate", {"owed": 3})


class Case(NamedTuple):
    read: Callable[[ActiveRun], Any]
    reason: str
    sets: tuple[str, ...] = ()
    env: Mapping[str, str] = HOST
    change: Callable[[Path], None] | None = None


FALLBACK = "teacher.fallback=[{model: scripted, sampling: {top_p: 0.5}}]"
CASES = {
    "setting": Case(lambda run: run.task.spec.dedup.near, "dedup.near changed", ("dedup.near=0.7",)),
    "alias": Case(lambda run: run.task.spec.student.train.with_, "student.train.with changed", ("student.train.with=hosted",)),
    "list": Case(lambda run: run.task.spec.evaluate.arms, "evaluate.arms changed", ("evaluate.arms=[]",)),
    "group or none": Case(lambda run: run.task.spec.seeds.format, "seeds.format changed", ("seeds.format={encoding: utf-8}",)),
    "list of groups": Case(lambda run: run.task.teachers, "teacher.fallback changed", (FALLBACK,)),
    "method": Case(lambda run: run.task.spec.gate_settings(), "gates changed", ("gates=[schema]",)),
    "property": Case(lambda run: run.task.spec.strata.names, "strata.by changed", ("strata.by=[]",)),
    "dump": Case(lambda run: run.task.spec.expect.model_dump(), "expect.rows changed", ("expect.rows=3",)),
    "merged": Case(
        lambda run: run.task.seed_generator.sampling.top_p, "teacher.sampling.top_p changed", ("teacher.sampling.top_p=0.5",)
    ),
    "prompt": Case(
        lambda run: run.task.student_prompt, "the task's student prompt changed", change=write("student.md", "M?\n[user]\n{{message}}\n")
    ),
    "seeds": Case(
        lambda run: len(run.task.seeds), "the task's seeds changed",
        change=write("seeds.jsonl", "".join(json.dumps({"message": f"one {n}", "kind": "ab"[n % 2], "expected": {"mood": "cross"}}) + "\n" for n in range(48))),
    ),
    "file": Case(
        lambda run: (run.folder / "other.json").exists() and read_json(run.folder / "other.json", dict), "other.json changed",
        change=write("runs/mood/001/other.json", "{}"),
    ),
    "parent's file": Case(
        lambda run: RunDir(run.folder.home, "mood", 7) / "seeds.json", "007/seeds.json changed", change=write("runs/mood/007/seeds.json", "{}"),
    ),
    "fact": Case(owed, "owed changed", change=owe),
    "output": Case(owed, "made.json is not as it was written", change=write("runs/mood/001/made.json", "[2]")),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
async def test_a_stage_is_done_again_for_each_kind_of_read(task: Path, kind: str) -> None:
    read, reason, sets, env, change = CASES[kind]
    assert await do(task, read) == ["it was never done"]
    assert await do(task, read) is None
    if change:
        change(task)
    assert await do(task, read, *sets, env=env) == [reason]
    assert await do(task, read, *sets, env=env) is None


async def test_another_host_is_another_read_of_models_there(task: Path) -> None:
    """A scripted or embedded model is at no address: nothing is read of the environment for it."""

    def read(run: ActiveRun) -> None:
        _ = run.task.teacher.identity

    assert await do(task, read)
    assert await do(task, read, env=OTHER) is None
    assert await do(task, read, "teacher.model=m") == ["teacher.model changed"]
    assert await do(task, read, "teacher.model=m", env=OTHER) == ["$OPENAI_BASE_URL changed"]


async def test_what_is_not_read_is_no_reason(task: Path) -> None:
    """Neither another setting nor another file; nor what a copy of settings has in place of the spec's own."""

    def read(run: ActiveRun) -> None:
        copied = run.task.spec.teacher.sampling.model_copy(update={"temperature": 0.0})
        assert copied.temperature == 0.0
        assert copied.max_tokens > 0

    assert await do(task, read)
    write("runs/mood/001/other.json", "{}")(task)
    assert await do(task, read, "dedup.near=0.7", "teacher.sampling.temperature=0.3") is None
    assert await do(task, read, "teacher.sampling.max_tokens=8") == ["teacher.sampling.max_tokens changed"]


@pytest.mark.parametrize("sending", [False, True])
async def test_limits_are_a_reason_only_where_sending_is_shown(task: Path, sending: bool) -> None:
    def read(run: ActiveRun) -> None:
        _ = run.task.teachers[0].limits.in_flight, run.task.spec.budget.usd, run.task.teachers[0].mode

    assert await do(task, read, sending=sending)
    found = await do(task, read, "teacher.limits.in_flight=2", sending=sending)
    assert found == (["teacher.limits.in_flight changed"] if sending else None)


async def test_a_trace_holds_no_key_and_no_header(task: Path) -> None:
    """Nothing names them and their change is no reason, so that not even a hash of one is written."""
    given = ("teacher.model=m", "teacher.headers={X-Team: $TEAM}")
    env = {**HOST, "TEAM": "red-42"}

    def read(run: ActiveRun) -> None:
        first = run.task.teachers[0].address
        _ = first.key, first.headers, first.mask, run.task.spec.teacher.headers, run.task.base

    assert await do(task, read, *given, env=env, sending=True)
    assert not [what for what in trace(task) if "headers" in what or "API_KEY" in what or "TEAM" in what]
    assert "env:OPENAI_BASE_URL" in trace(task)
    new = {**HOST, "OPENAI_API_KEY": "sk-second", "TEAM": "blue-43"}
    assert await do(task, read, *given, env=new, sending=True) is None


async def test_a_manifest_of_another_version_is_done_again(task: Path) -> None:
    """Also one that was written before there were traces."""
    assert await do(task, owed)
    RunDir(task.parent, "mood", 1).record("curate", {"key": "0f", "outputs": {}})
    assert await do(task, owed) == ["it was done by another version of distill"]
