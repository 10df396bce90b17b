"""The report says what changed since the run before; an older run that is broken is a warning, and no reason to fail."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from promotable import rows, run, write_rows
from report_parts import rarer_parts

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.report.page import html, markdown
from distill.report.report import Report
from distill.task.run import ORDER
from distill.teacher.progress import Silent

SECTION = "What changed since the run before"


def report_of(home: Path, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "runs" / "mood" / f"{number:03d}" / "report.json").read_bytes())
    return found


def written(home: Path, number: int) -> list[str]:
    return [(home / "runs" / "mood" / f"{number:03d}" / name).read_text() for name in ("report.html", "REPORT.md")]


def test_the_second_run_shows_what_changed_and_the_first_nothing(two_runs: Path) -> None:
    assert report_of(two_runs, 1)["run_diff"] is None
    assert all(SECTION not in text for text in written(two_runs, 1))
    found = report_of(two_runs, 2)["run_diff"]
    assert (found["a"]["run"], found["b"]["run"], found["b"]["verdict"]) == ("mood/001", "mood/002", "distil")
    assert {one["name"] for one in found["settings"]} == {"dedup.near", "seeds.jsonl"}
    assert found["rows"]["before"] - found["rows"]["gone"] == found["rows"]["same"] + found["rows"]["relabelled"]
    for text in written(two_runs, 2):
        assert SECTION in text
        assert "dedup.near" in text


def test_a_third_run_is_held_against_the_second_and_shows_no_key(home: Path) -> None:
    """A key that stood in kept rows of the run before is hidden on the page."""
    key = "sk-proj-" + "Zk9fQ2xLmT7vB4nR8wYs3Hd6aP1cE5gJ0uXiVtOqMbKdLhFn"
    given = rows()[6:]
    write_rows(home, [one | {"message": f"{one['message']} {key}"} if n < 40 else one for n, one in enumerate(given)])
    task = open_task(home / "task.yaml", overrides=["gates=[finish_reason]"], env={})
    running.start(task, stages=ORDER, watch=Silent(), anyway=True)
    write_rows(home, given)
    run(home, "gates=[finish_reason]")
    found = report_of(home, 4)["run_diff"]
    assert found["a"]["run"] == "mood/003"
    assert found["rows"]["gone"] > 20
    assert any(key in line for line in (home / "runs/mood/003/train.jsonl").read_text().splitlines())
    assert all(key not in text for text in (*written(home, 4), json.dumps(found)))


def test_nothing_changed_skips_the_report_and_another_older_run_writes_it_again(home: Path) -> None:
    before = (home / "runs/mood/002/report.json").stat().st_mtime_ns
    run(home, "dedup.near=0.9")
    assert (home / "runs/mood/002/report.json").stat().st_mtime_ns == before
    shutil.rmtree(home / "runs/mood/001")
    run(home, "dedup.near=0.9")
    assert report_of(home, 2)["run_diff"] is None


def test_an_older_run_that_is_torn_is_a_warning(home: Path) -> None:
    (home / "runs/mood/001/samples.parquet").write_bytes(b"torn")
    run(home, "dedup.near=0.9")
    found = report_of(home, 2)
    assert found["run_diff"] is None
    assert any("what changed since mood/001 is not known" in said for said in found["warnings"])


@pytest.fixture
def drawn(report: dict[str, Any], typed: Callable[[dict[str, Any]], Report]) -> tuple[str, str]:
    found = typed(report | rarer_parts())
    return html(found), markdown(found)


def test_every_part_stands_on_the_page_and_in_markdown(drawn: tuple[str, str]) -> None:
    for text in drawn:
        for part in (
            "old", "new", "k9", "dropped by length: too_long", "a test row", "with another known answer", "+10.0", "+2.0 to +18.0", "6 left out",
            "teacher.model", "not set", "5d61d07a", "unknown in 400 calls",
        ):  # fmt: skip
            assert part in text.replace("\\", ""), part
    assert "2 more strata" in drawn[0]
    assert drawn[0].count("<mark>") >= 2


def test_tables_in_markdown_keep_their_columns(drawn: tuple[str, str]) -> None:
    part = drawn[1].partition(SECTION)[2].partition("\n## ")[0]
    for table in part.split("\n\n"):
        lines = [line.replace("\\|", "") for line in table.strip().splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1, table


def test_a_run_without_a_spec_says_so(report: dict[str, Any], typed: Callable[[dict[str, Any]], Report]) -> None:
    parts = rarer_parts()
    parts["run_diff"]["settings"] = None
    assert "nothing says what changed" in html(typed(report | parts))
    assert "nothing says which settings changed" in markdown(typed(report | parts))
    parts["run_diff"]["settings"] = []
    assert "All as before." in html(typed(report | parts))
