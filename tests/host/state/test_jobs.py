"""Rows of jobs, events and checkpoints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from distill.host.state import jobs
from distill.host.state.database import Database
from distill.host.state.jobs import Job


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    found = Database(tmp_path / "host.db", (jobs.SCHEMA,))
    yield found
    found.close()


def job(name: str, **changed: object) -> Job:
    values = {
        "id": name, "created_at": time.time(), "status": "validating_files", "model": "gpt", "base": "small", "name": f"ft:gpt:distill::{name}",
        "training_file": "file-1", "hyperparameters": {"n_epochs": "auto"},
    }  # fmt: skip
    return Job(**(values | changed))  # type: ignore[arg-type]  # values by their names


def test_a_job_comes_back_as_it_was(db: Database, tmp_path: Path) -> None:
    one = job(
        "a", metadata={"team": "x"}, integrations=[{"type": "wandb"}], suffix="s", seed=7, validation_file="file-2"
    )
    jobs.add(db, one)
    again = Database(tmp_path / "host.db", (jobs.SCHEMA,))
    assert jobs.get(again, "a") == Job(**{**{name: getattr(one, name) for name in Job.__slots__}, "result_files": []})
    assert jobs.get(again, "b") is None
    again.close()


def test_the_newest_comes_first_and_metadata_filters(db: Database) -> None:
    for name, metadata in (("a", {"team": "x", "n": "1"}), ("b", None), ("c", {"team": "x"})):
        jobs.add(db, job(name, metadata=metadata))
    assert [one.id for one in jobs.every(db)] == ["c", "b", "a"]
    assert [one.id for one in jobs.every(db, {"team": "x"})] == ["c", "a"]
    assert [one.id for one in jobs.every(db, {"team": "x", "n": "1"})] == ["a"]


def test_the_next_job_is_the_oldest_in_the_first_state(db: Database) -> None:
    for name, status in (("a", "queued"), ("b", "running"), ("c", "queued")):
        jobs.add(db, job(name, status=status))
    assert [
        found.id for statuses in (("running", "queued"), ("queued",)) if (found := jobs.next_of(db, *statuses))
    ] == ["b", "a"]
    assert jobs.next_of(db, "paused") is None


@pytest.mark.parametrize("end", ["succeeded", "failed", "cancelled"])
def test_a_job_that_has_ended_never_changes(db: Database, end: str) -> None:
    jobs.add(db, job("a"))
    assert jobs.change(db, "a", status=end, finished_at=1.0)
    assert not jobs.change(db, "a", status="queued")
    assert not jobs.move(db, "a", "running", "queued")
    found = jobs.get(db, "a")
    assert found is not None
    assert (found.status, found.finished_at, found.ended) == (end, 1.0, True)


def test_events_are_paged_from_the_newest(db: Database) -> None:
    for number in range(5):
        jobs.tell(db, "a", f"event {number}")
    jobs.tell(db, "b", "of another job")
    first = jobs.events(db, "a", limit=2)
    assert first is not None
    rest = jobs.events(db, "a", after=first[-1].id, limit=9)
    assert rest is not None
    assert [one.message[-1] for one in [*first, *rest]] == ["4", "3", "2", "1", "0"]
    assert jobs.events(db, "b", after=first[-1].id, limit=9) is None
    assert jobs.events(db, "a", after="nobody", limit=9) is None


def test_a_step_that_was_trained_again_counts_as_it_was_last(db: Database) -> None:
    for step, loss in ((1, 3.0), (2, 2.0), (2, 1.9), (3, 1.0)):
        jobs.tell(db, "a", "", data={"step": step, "train_loss": loss}, metrics=True)
    jobs.tell(db, "a", "", data={"step": 3, "valid_loss": 1.5}, metrics=True)
    assert jobs.metrics(db, "a") == {
        1: {"step": 1, "train_loss": 3.0},
        2: {"step": 2, "train_loss": 1.9},
        3: {"step": 3, "train_loss": 1.0, "valid_loss": 1.5},
    }


def test_a_checkpoint_is_noted_once(db: Database) -> None:
    for step in (2, 4, 4):
        jobs.add_checkpoint(db, "a", step, f"m-{step}", {"train_loss": 1.0})
    found = jobs.checkpoints(db, "a")
    assert [one.step for one in found] == [4, 2]
    jobs.drop_checkpoint(db, found[0].id)
    assert [one.step for one in jobs.checkpoints(db, "a")] == [2]
