from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import promotable
import pytest

from distill.errors import SpecError
from distill.pipeline.open_task import open_task
from distill.task.task import Task

TODAY = datetime.now(UTC)


def opened(home: Path, since: object) -> Task:
    """The task with that setting, and its rows with times: half of them a year old."""
    spec = (home / "task.yaml").read_text()
    said = json.dumps(since)
    (home / "task.yaml").write_text(re.sub(r"seeds: \{(?:since: [^,]*, )?", f"seeds: {{since: {said}, ", spec))
    return open_task(home / "task.yaml", env={})


def timed(home: Path, *more: dict[str, object]) -> list[dict[str, object]]:
    old = (TODAY - timedelta(days=365)).isoformat()
    rows = [row | {"time": old} for row in promotable.rows()] + list(more)
    promotable.write_rows(home, rows)
    return rows


NEW = {"message": "a new thing 1", "kind": "a", "expected": {"mood": "glad"}, "time": TODAY.isoformat()}
OTHER = {
    "message": "another one 2",
    "kind": "b",
    "expected": {"mood": "cross"},
    "time": (TODAY - timedelta(days=300)).isoformat(),
}


def test_by_a_date_the_last_runs_test_rows_stay(home: Path) -> None:
    timed(home, NEW, OTHER)
    seeds = pl.read_parquet(home / "runs/mood/002/seeds.parquet")
    task = opened(home, (TODAY - timedelta(days=30)).date().isoformat())
    tested = set(seeds.filter(role="test")["seed_id"])
    assert {seed.id for seed in task.seeds} >= tested
    assert {seed.fields["message"] for seed in task.seeds if seed.id not in tested} == {NEW["message"]}
    assert set(task.bad_rows["reason"]) == {"before_since"}
    assert task.bad_rows.height + len(task.seeds) == 122
    assert any("run mood/002 has them" in note for note in task.notes)


def test_by_the_last_run_its_rows_stay_and_newer_ones_come(home: Path) -> None:
    timed(home, NEW, OTHER)
    before = pl.read_parquet(home / "runs/mood/002/seeds.parquet")
    task = opened(home, "last run")
    ids = {seed.id for seed in task.seeds}
    assert ids >= set(before["seed_id"])
    messages = {seed.fields["message"] for seed in task.seeds}
    assert NEW["message"] in messages
    assert OTHER["message"] not in messages


def test_without_a_run_every_row_is_taken(task: Path) -> None:
    assert len(opened(task.parent, "last run").seeds) == 48


def test_a_run_takes_new_rows_alone_and_says_what_it_left(home: Path) -> None:
    timed(home, NEW, OTHER)
    opened(home, "last run")
    promotable.run(home)
    run = sorted((home / "runs/mood").glob("00*"))[-1]
    dropped = pl.read_parquet(run / "dropped.parquet").filter(reason="before_since")
    seeds = pl.read_parquet(run / "seeds.parquet")
    assert set(seeds.filter(pl.col("input") == NEW["message"])["role"]) <= {"train", "test"}
    assert seeds.filter(pl.col("input") == OTHER["message"]).is_empty()
    assert dropped.height == 7, "the six rows that the second run did not have, and the one that is older than it"
    before = pl.read_parquet(home / "runs/mood/002/seeds.parquet").filter(role="test")
    assert seeds.filter(pl.col("seed_id").is_in(before["seed_id"].implode())).height == before.height


@pytest.mark.parametrize("since", ["yesterday", "20261101", {"at": "soon"}, {"at": "last run", "colum": "x"}, 7])
def test_what_is_no_time_is_a_fault_of_the_spec(task: Path, since: object) -> None:
    with pytest.raises(SpecError, match="since"):
        opened(task.parent, since)
