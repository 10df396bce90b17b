"""Where the training seeds stand after a pass: every one in one place, whatever was asked and in whatever order."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.curate import steps
from distill.curate.inputs import read_inputs
from distill.generate.questions import read_asked
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent
from distill.teacher.store.store import opened

LONG = "gates=[schema, {length: {min_chars: 17}}]"
JUDGE = (
    "judge={models: [{model: scripted}], dimensions: {fits: It fits.}, prompt: rubric.md}",
    "gates=[schema, {length: {min_chars: 17}}, judge]",
)


@pytest.fixture
def asked_of_all(task: Path) -> tuple[Task, RunDir]:
    """The task, and its run in which every training seed was asked."""
    opened = open_task(task, overrides=["dataset.accept=null", LONG, "evaluate.arms=[]"], env={})
    return opened, run.start(opened, stages=ORDER[:1], watch=Silent()).folder


@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_training_seed_is_idle_accepted_or_refused(
    asked_of_all: tuple[Task, RunDir], data: st.DataObject
) -> None:
    """Of any of the questions, in any order; a row may still come of the idle ones alone, and they rest with a reason."""
    task, folder = asked_of_all
    table, every = pl.read_parquet(folder / "seeds.parquet"), read_asked(folder)
    asked = data.draw(st.lists(st.sampled_from(every), unique=True))
    with opened(task.store_path) as store:
        found = steps.curate(read_inputs(task, table, asked, store)).seeds
        turned = steps.curate(read_inputs(task, table, asked[::-1], store)).seeds
    assert found == turned
    train = set(table.filter(role="train")["seed_id"])
    parts = [found.unasked.keys(), found.passed, found.rejected]
    assert set().union(*parts) == train
    assert sum(map(len, parts)) == len(train) == found.askable
    assert train - found.unasked.keys() == {ask.seed for ask in asked}
    assert found.still_possible == found.unasked.keys() == set(found.not_asked["row"])


def test_a_row_that_waits_for_a_verdict_is_settled_and_hoped_for(task: Path) -> None:
    """It counts as one of its stratum, so nothing is asked in its place; what an earlier gate refused does not wait."""
    (task.parent / "rubric.md").write_text("A good answer names the mood.")
    opening = partial(open_task, task, env={})
    plain = opening(overrides=["dataset.accept=null", LONG, "evaluate.arms=[]"])
    folder = run.start(plain, stages=ORDER[:1], watch=Silent()).folder
    task = opening(overrides=["dataset.accept=null", *JUDGE, "evaluate.arms=[]"])
    table, asked = pl.read_parquet(folder / "seeds.parquet"), read_asked(folder)
    with opened(task.store_path) as store:
        before = steps.curate(read_inputs(plain, table, asked, store)).seeds
        found = steps.curate(read_inputs(task, table, asked, store))
    status = found.seeds
    assert status.pending.keys() == before.passed != set()
    assert status.rejected == before.rejected != set()
    assert status.passed == set()
    assert status.settled == status.still_possible == status.pending.keys()
    assert found.kept.height == 0
    assert found.missing == {}
