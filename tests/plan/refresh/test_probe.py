"""A refresh is probed before it is paid for: a sample of each stratum, then only the strata that changed are asked anew."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from served import in_thread
from two_teachers import CHANGED, Teachers, many, serve

from distill.errors import RowsOwed
from distill.generate.kept import Relabel
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.plan.refresh.probe import probe
from distill.plan.refresh.result import RefreshPlan
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent
from distill.testing import fault_server
from distill.testing.fault_server import Script

NEW = "teacher.model=new"


class Work:
    """The task at its teachers."""

    def __init__(self, spec: Path, teachers: Teachers) -> None:
        self.spec, self.teachers = spec, teachers

    def task(self, *sets: str) -> Task:
        return open_task(self.spec, overrides=sets, env={"OPENAI_BASE_URL": self.teachers.base_url})

    async def run(self, *sets: str, refresh: Relabel | bool = False, stages: tuple[str, ...] = ORDER) -> Run:
        return await running.work(self.task(*sets), stages=stages, watch=Silent(), refresh=refresh)

    async def probe(self, *sets: str) -> RefreshPlan:
        return await probe(self.task(*sets))

    async def apply(self, *sets: str) -> tuple[RefreshPlan, Run]:
        plan = await self.probe(*sets)
        return plan, await self.run(*sets, refresh=plan.relabel or True)


@pytest.fixture(scope="module")
def served() -> Iterator[Teachers]:
    """The teachers of all tests here, on a loop of their own: at one address, one finished run is every test's beginning."""
    with in_thread(serve) as teachers:
        yield teachers


@pytest.fixture(scope="module")
def finished(served: Teachers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The spec of a task with a finished run."""
    spec = many(tmp_path_factory.mktemp("finished"), rows=400)
    task = open_task(spec, env={"OPENAI_BASE_URL": served.base_url})
    running.start(task, stages=ORDER, watch=Silent())
    return spec


@pytest.fixture
def done(served: Teachers, finished: Path, tmp_path: Path) -> Work:
    """A copy of it; the teachers count from here on."""
    shutil.copytree(finished.parent, tmp_path / "home")
    served.asked.clear()
    return Work(tmp_path / "home" / finished.name, served)


def samples(run: Run) -> pl.DataFrame:
    return pl.read_parquet(run.folder / "samples.parquet").sort("seed_id")


async def test_the_strata_that_changed_are_found_and_nothing_else_is_asked(done: Work) -> None:
    """Two of ten: the others keep their answers, by the request that was paid for, and say whose they are."""
    plan, run = await done.apply(NEW)
    assert plan.chosen == list(CHANGED)
    assert plan.probe_requests == 200
    rows, before = samples(run), pl.read_parquet(run.folder.parent / "001" / "samples.parquet").sort("seed_id")
    assert rows["seed_id"].equals(before["seed_id"])
    kept = rows.filter(~pl.col("stratum").is_in(plan.chosen))
    assert set(kept["teacher"]) == {-2}
    assert kept["request_id"].equals(before.filter(~pl.col("stratum").is_in(plan.chosen))["request_id"])
    assert set(rows.filter(pl.col("stratum").is_in(plan.chosen))["teacher"]) == {0}
    assert "old, of an earlier run (" in (run.folder / "CARD.md").read_text()


async def test_what_was_probed_is_not_asked_again(done: Work) -> None:
    """The sample is part of what the run asks; a second probe, and the run after it, send nothing twice."""
    await done.probe(NEW)
    asked = done.teachers.asked["new"]
    again, run = await done.apply(NEW)
    assert (asked, again.probe_requests) == (200, 0)
    chosen = samples(run).filter(teacher=0).height
    assert (
        done.teachers.asked["new"] == 200 + (chosen - 40) + 60
    )  # 40 of the sample are of the two strata; 60 test rows
    assert again.requests == (chosen - 40) + 60


async def test_a_probe_opens_no_run_and_keeps_its_plan(done: Work) -> None:
    """With the price of what is left, by spender; its dollars are those of the next run."""
    plan = await done.probe(NEW)
    runs = done.spec.parent / "runs" / "mood"
    assert sorted(path.name for path in runs.iterdir() if path.is_dir()) == ["001"]
    kept = json.loads((runs / "refresh.json").read_bytes())
    assert kept["relabel_strata"] == plan.chosen
    assert [one["to_send"] for one in kept["spenders"]] == [plan.requests - 60, 60]
    assert plan.retrain
    assert "no known answer says whose are right" in plan.strata[2].why


async def test_nothing_changed_is_free_and_opens_no_run(done: Work) -> None:
    """0 requests, below 5 seconds of computing, no store is even opened."""
    began, asked = time.process_time(), done.teachers.asked.total()
    plan = await done.probe()
    assert (plan.unchanged, done.teachers.asked.total()) == (True, asked)
    assert (await done.run(refresh=True)).name == "mood/001"
    assert time.process_time() - began < 5
    assert not (done.spec.parent / "runs" / "mood" / "002").exists()


@pytest.mark.parametrize(("change", "retrain"), [("gates=[schema, repetition]", True), ("evaluate.margin=0.1", False)])
async def test_a_change_that_is_not_the_teachers_asks_nothing(done: Work, change: str, retrain: bool) -> None:
    asked = done.teachers.asked.total()
    plan, run = await done.apply(change)
    assert (plan.chosen, plan.probe_requests, plan.retrain, plan.idle) == ([], 0, retrain, False)
    assert (run.name, done.teachers.asked.total()) == ("mood/002", asked)
    assert set(samples(run)["teacher"]) == {0}


@pytest.mark.parametrize("gold", ["old", "new"])
async def test_known_answers_say_who_is_right(tmp_path: Path, served: Teachers, gold: str) -> None:
    """Where the old teacher was right its answers stay; where the new one is, that is why they are asked anew."""
    work, alone = (
        Work(many(tmp_path, rows=300, gold=gold), served),
        ("student.train.with=none", "evaluate.arms=[teacher]"),
    )
    await work.run(*alone)
    plan = await work.probe(NEW, *alone)
    differ = [one for one in plan.strata if one.changed and one.changed.mean]
    assert [one.stratum for one in differ] == list(CHANGED)
    assert plan.chosen == ([] if gold == "old" else [one.stratum for one in differ])
    assert plan.idle == (gold == "old")
    assert {(one.known.new_right > 0, one.known.old_right > 0) for one in differ} == {(gold == "new", gold == "old")}
    assert (plan.expected.right is not None) == (gold == "new")


async def test_a_refresh_of_a_refresh_keeps_whose_answers_are_whose(done: Work) -> None:
    """Another gate after a partial relabelling pays nobody, and the rows keep their teachers."""
    _, second = await done.apply(NEW)
    asked = done.teachers.asked.total()
    plan, third = await done.apply(NEW, "gates=[schema, repetition]")
    assert (third.name, plan.chosen, done.teachers.asked.total()) == ("mood/003", [], asked)
    columns = ["seed_id", "teacher", "request_id"]
    assert samples(third).select(columns).equals(samples(second).select(columns))
    fourth = await done.run(NEW, "gates=[schema]", "dedup.near=0.9")  # no refresh: the next run begins as a copy
    assert (fourth.name, done.teachers.asked.total()) == ("mood/004", asked)
    assert samples(fourth).select(columns).equals(samples(second).select(columns))


async def test_new_rows_are_counted_and_asked(done: Work) -> None:
    """They are asked of the teacher as it is; the test rows stay."""
    seeds = done.spec.parent / "seeds.jsonl"
    before = seeds.read_text()
    (done.spec.parent / "more").mkdir()
    other = (
        (many(done.spec.parent / "more", rows=430).parent / "seeds.jsonl").read_text().splitlines(keepends=True)[400:]
    )
    seeds.write_text(before + "".join(other))
    asked = done.teachers.asked.total()
    plan, run = await done.apply()
    assert (plan.new_rows, plan.retrain, plan.chosen) == (30, True, [])
    assert done.teachers.asked.total() == asked + 30
    roles = [
        pl.read_parquet(run.folder.parent / name / "seeds.parquet").filter(role="test")["seed_id"].sort()
        for name in ("001", "002")
    ]
    assert roles[0].equals(roles[1])


@pytest.fixture
def of_m(task: Path) -> Path:
    """The task with a model of an endpoint's."""
    task.write_text(task.read_text().replace("model: scripted", "model: m"))
    return task


async def test_rows_that_the_new_teacher_refuses_do_not_stop_the_probe(of_m: Path) -> None:
    """What it answered is compared, and the others are counted as not answered; a teacher that answers nothing is an error."""
    async with fault_server.serve(Script()) as server:
        env = {"OPENAI_BASE_URL": server.base_url}
        done = await running.work(open_task(of_m, env=env), stages=ORDER, watch=Silent())
        server.script = Script(faults={"422": 0.5})
        plan = await probe(open_task(of_m, overrides=["teacher.model=other"], env=env))
        assert 0 < sum(one.answered for one in plan.strata) < sum(one.asked for one in plan.strata)
        server.script = Script(faults={"422": 1.0})
        with pytest.raises(RowsOwed):
            await probe(open_task(of_m, overrides=["teacher.model=third"], env=env))
    assert not (done.folder.parent / "002").exists()
