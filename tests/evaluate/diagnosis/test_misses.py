"""What the student lost on each test row, beside the teacher where there is one."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from distill.evaluate.diagnosis.misses import Misses, misses
from distill.rundir import RunDir


def run(home: Path, *, teacher: bool) -> RunDir:
    folder = RunDir(home, "mood", 1)
    folder.path.mkdir(parents=True, exist_ok=True)
    (folder / "comparison.json").write_text(json.dumps({"metric": "json_fields"}))
    scores = [
        ("s1", "student", "json_fields", 0.0), ("s2", "student", "json_fields", 0.5), ("s3", "student", "json_fields", 1.0),
        ("s4", "student", "json_fields", None), ("s1", "student", "schema", 1.0), ("s9", "student", "json_fields", 0.0),
    ]  # fmt: skip
    if teacher:
        scores += [("s1", "teacher", "json_fields", 0.0), ("s2", "teacher", "json_fields", 1.0)]
        scores += [("s3", "teacher", "json_fields", 0.0)]
    pl.DataFrame(scores, schema=["seed_id", "arm", "metric", "value"], orient="row").write_parquet(
        folder / "scores.parquet"
    )
    seeds = [("s1", "a", "test"), ("s2", "a", "test"), ("s3", "b", "test"), ("s4", "b", "test"), ("s9", "b", "train")]
    table = pl.DataFrame(seeds, schema=["seed_id", "stratum", "role"], orient="row").with_columns(fields=pl.lit("{}"))
    table.write_parquet(folder / "seeds.parquet")
    return folder


def test_what_the_teacher_misses_too_cannot_be_learnt_from_it(tmp_path: Path) -> None:
    """A row that could not be scored, and one that trains, count for nothing."""
    assert misses(run(tmp_path, teacher=True)) == Misses("json_fields", {"a": [0.0, 0.5], "b": [0.0]})


def test_without_a_teacher_a_miss_is_what_lacks_to_a_right_answer(tmp_path: Path) -> None:
    assert misses(run(tmp_path, teacher=False)).losses == {"a": [1.0, 0.5], "b": [0.0]}


def test_a_run_that_compared_nothing_missed_nothing(tmp_path: Path) -> None:
    assert misses(RunDir(tmp_path, "mood", 2)).losses == {}
