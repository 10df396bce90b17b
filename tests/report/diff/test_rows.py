"""Rows of two tables by seed: each is added, gone, relabelled or the same, and it is said what became of it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from distill.atomic_write import write_parquet
from distill.report.diff.rows import changed_tests, known_answers, row_changes
from distill.rundir import RunDir

Row = tuple[str, str, str]
"""(seed, answer, fate)."""


def made(home: Path, number: int, samples: list[Row], tests: dict[str, object], drops: dict[str, str]) -> RunDir:
    run = RunDir(home, "mood", number)
    rows = [
        {"seed_id": seed, "request_id": None, "fate": fate, "stratum": seed[0], "input": f"input {seed}", "answer": said,
         "tool_calls": ""}
        for seed, said, fate in samples
    ]  # fmt: skip
    write_parquet(run.path / "samples.parquet", pl.DataFrame(rows, schema_overrides={"request_id": pl.String}))
    seeds = [{"seed_id": seed, "role": "train", "gold": None} for seed in {row[0] for row in samples}]
    seeds += [{"seed_id": seed, "role": "test", "gold": json.dumps(gold)} for seed, gold in tests.items()]
    write_parquet(
        run.path / "seeds.parquet",
        pl.DataFrame([one | {"fields": "{}"} for one in seeds], schema_overrides={"gold": pl.String}),
    )
    lost = {"row": list(drops), "stage": ["length" for _ in drops], "reason": list(drops.values())}
    write_parquet(run.path / "dropped.parquet", pl.DataFrame(lost, schema_overrides=dict.fromkeys(lost, pl.String)))
    return run


@pytest.fixture
def pair(tmp_path: Path) -> tuple[RunDir, RunDir]:
    a = made(
        tmp_path,
        1,
        [
            ("a1", '{"m": 1, "n": 2}', "train"),
            ("a2", "x", "train"),
            ("b1", "x", "valid"),
            ("b2", "x", "train"),
            ("b3", "x", "dropped"),
        ],
        {"t1": {"m": 1}, "t2": {"m": 2}},
        {"b3": "too_long"},
    )
    b = made(
        tmp_path,
        2,
        [
            ("a1", '{"n":2,"m":1}', "train"),
            ("a2", "y", "train"),
            ("b2", "x", "dropped"),
            ("b3", "x", "train"),
            ("c1", "z", "train"),
        ],
        {"b1": {"m": 1}, "t1": {"m": 9}},
        {"b2": "too_short"},
    )
    return a, b


def test_every_row_is_one_of_four(pair: tuple[RunDir, RunDir]) -> None:
    found = row_changes(*pair, examples=9)
    assert (found.before, found.after) == (4, 4)
    assert (found.same, found.relabelled, found.added, found.gone) == (1, 1, 2, 2)  # a1 is spelt another way
    assert found.why_added == {"dropped by length: too_long": 1, "not among its seeds": 1}
    assert found.why_gone == {"dropped by length: too_short": 1, "a test row": 1}
    relabelled = found.examples["relabelled"][0]
    assert (relabelled.seed_id, relabelled.input, relabelled.before, relabelled.after) == ("a2", "input a2", "x", "y")
    gone = {one.seed_id: one.why for one in found.examples["gone"]}
    assert gone == {"b1": "a test row", "b2": "dropped by length: too_short"}
    assert [(one.stratum, one.before, one.after, one.relabelled) for one in found.strata] == [
        ("a", 2, 2, 1), ("b", 2, 1, 0), ("c", 0, 1, 0),
    ]  # fmt: skip


def test_examples_are_as_many_as_is_said_and_the_same_each_time(pair: tuple[RunDir, RunDir]) -> None:
    assert all(len(rows) == 1 for rows in row_changes(*pair, examples=1).examples.values())
    assert row_changes(*pair, examples=1) == row_changes(*pair, examples=1)
    assert row_changes(*pair, examples=0).examples["added"] == []


def test_the_other_way_round_what_was_added_is_gone(pair: tuple[RunDir, RunDir]) -> None:
    there, back = row_changes(*pair, examples=0), row_changes(*reversed(pair), examples=0)
    assert (there.added, there.gone, there.relabelled) == (back.gone, back.added, back.relabelled)
    assert there.why_added == back.why_gone


def test_test_rows(pair: tuple[RunDir, RunDir]) -> None:
    found = changed_tests(*pair)
    assert (found.before, found.after, found.same, found.regraded) == (2, 2, 0, 1)
    assert known_answers(pair[0]) == {"t1": '{"m": 1}', "t2": '{"m": 2}'}
