"""Which answers a refresh keeps, by whose number: over three runs nobody's answers change their teacher."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from distill.atomic_write import write_json
from distill.generate.kept import Relabel, kept_questions, read_relabel, relabel_of, write_relabel
from distill.generate.questions import TeacherQuestion
from distill.rundir import RunDir
from distill.tables.columns import ASKED

STRATA = {"s1": "a", "s2": "b", "s3": "c"}


def a_run(
    home: Path, number: int, teacher: str, asked: list[tuple[str, int, int, str, str]], relabel: Relabel | None = None
) -> RunDir:
    folder = RunDir(home, "t", number)
    folder.path.mkdir(parents=True)
    write_json(folder.path / "manifest.json", {"run": folder.name, "stages": {}, "teacher": teacher})
    table = pl.DataFrame(asked, schema=ASKED, orient="row")
    table.write_parquet(folder.path / "asked.parquet")
    table.write_parquet(folder.path / "samples.parquet")
    if relabel is not None:
        write_relabel(folder, relabel)
    return folder


def test_over_three_runs_each_answer_keeps_its_teacher(tmp_path: Path) -> None:
    first = a_run(tmp_path, 1, "one", [(seed, 0, 0, "first", f"r-{seed}") for seed in STRATA])
    found = relabel_of(first, ["b"], same=False)
    assert found == Relabel(("b",), ("one",))
    kept = kept_questions(first, found, STRATA)
    assert kept == [TeacherQuestion("s1", -2, 0, "first", "r-s1"), TeacherQuestion("s3", -2, 0, "first", "r-s3")]
    second = a_run(tmp_path, 2, "two", [*kept, ("s2", 0, 0, "first", "r2-s2")], found)
    again = relabel_of(second, ["c"], same=False)
    assert again == Relabel(("c",), ("two", "one"))
    assert [(one.seed, again.teacher(one.teacher), one.request_id) for one in kept_questions(second, again, STRATA)] == [
        ("s1", "one", "r-s1"), ("s2", "two", "r2-s2"),
    ]  # fmt: skip


def test_where_the_teacher_is_the_same_only_what_was_kept_stays_kept(tmp_path: Path) -> None:
    """The others are asked as they were, and found in the store."""
    before = Relabel(("b",), ("one",))
    run = a_run(tmp_path, 2, "two", [("s1", -2, 0, "first", "r1"), ("s2", 0, 0, "first", "r2")], before)
    found = relabel_of(run, [], same=True)
    assert [one.seed for one in kept_questions(run, found, STRATA)] == ["s1"]


def test_a_panel_and_two_draws_keep_what_they_said(tmp_path: Path) -> None:
    asked = [("s1", teacher, draw, "first", f"r{teacher}{draw}") for teacher in (0, 1) for draw in (0, 1)]
    run = a_run(tmp_path, 1, "one + other", asked)
    found = relabel_of(run, [], same=False)
    kept = kept_questions(run, found, STRATA)
    assert [(found.teacher(one.teacher), one.draw, one.request_id) for one in kept] == [
        ("one", 0, "r00"), ("one", 1, "r01"), ("other", 0, "r10"), ("other", 1, "r11"),
    ]  # fmt: skip


@pytest.mark.parametrize("seeds", [{}, {"s9": "a"}])
def test_a_seed_that_is_no_more_is_not_kept(tmp_path: Path, seeds: dict[str, str]) -> None:
    run = a_run(tmp_path, 1, "one", [("s1", 0, 0, "first", "r1")])
    assert kept_questions(run, relabel_of(run, [], same=False), seeds) == []


def test_a_run_that_says_nothing_keeps_nothing(tmp_path: Path) -> None:
    assert read_relabel(a_run(tmp_path, 1, "one", [])) is None
