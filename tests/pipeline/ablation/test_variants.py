"""A run's dataset made again with something left out: exactly what that dropped comes in, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.pipeline import run as running
from distill.pipeline.ablation.variants import ID, let_in, recuration
from distill.pipeline.learning_curve.curve import opened
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir, read_parquet
from distill.teacher.progress import Silent

SETS = ("dataset.accept=null", "dedup.near=0.8")


def test_without_dedup_its_rows_come_in_and_without_the_balance_those_over_quota(near_duplicates_task: Path) -> None:
    """Each on its own: what is still there drops what it dropped before."""
    task = open_task(near_duplicates_task, overrides=SETS, env={})
    running.start(task, stages=("generate", "curate"), watch=Silent())
    folder = RunDir(task.home, "mood", 1)
    with opened(task, folder, Silent()) as run:
        again = recuration(run)
        whole = again.whole().variant
        twice = again.without("dedup")
        held = read_parquet(folder / "samples.parquet")
        dropped = whole.dropped["dedup"]
        assert dropped > 5
        assert twice.kept.height == whole.kept.height + dropped
        assert let_in(twice, whole) == dropped
        assert twice.dropped["dedup"] == 0
        assert twice.answers == whole.answers == held.height
        known = set(held.select(ID).rows())
        assert set(twice.kept.select(ID).rows()) <= known
        assert let_in(again.without("balance"), whole) == 0


def test_without_the_balance_rows_over_quota_come_in(near_duplicates_task: Path) -> None:
    task = open_task(near_duplicates_task, overrides=["dataset={per_stratum: 5}"], env={})
    running.start(task, stages=("generate", "curate"), watch=Silent())
    folder = RunDir(task.home, "mood", 1)
    with opened(task, folder, Silent()) as run:
        again = recuration(run)
        whole = again.whole().variant
        free = again.without("balance")
        assert whole.kept.height == 10
        assert let_in(free, whole) == whole.dropped["balance"] > 0
        assert sum(free.dropped.values()) + free.kept.height == free.answers
    other = open_task(near_duplicates_task, overrides=["dataset={per_stratum: 4}"], env={})
    with opened(other, folder, Silent()) as run, pytest.raises(UsageError, match="come to 8 rows by its spec as it is"):
        recuration(run).whole()
