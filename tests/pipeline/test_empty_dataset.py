"""Work that came to nothing is no success: exit code 4, the reason, and the next move."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from distill.cli.text.run import run_lines
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.progress import Silent


def run(task: Path, *sets: str, stages: Any = ORDER, watch: Any = None) -> Run:
    return running.start(open_task(task, overrides=sets, env={}), stages=stages, watch=watch or Silent())


def test_an_empty_dataset_ends_with_exit_4_the_reason_and_the_next_move(task: Path) -> None:
    """No arm is asked and nothing is trained; the answers are kept, and a looser gate finds them."""
    sets = ["gates=[schema, {form: {matches: never-said}}]", "dataset.accept=null"]
    result = run(task, *sets)
    assert (result.exit_code, result.done) == (4, ["generate", "curate"])
    asked = pl.read_parquet(result.folder / "asked.parquet").height
    assert result.why_empty.startswith(f"no row is left to train on: {asked} asked, 0 in the dataset; form {asked}.")
    assert run_lines(result)[-1] == result.why_empty
    assert "distill show mood/001 dropped --reason form" in result.why_empty
    for stage in ("curate", "export"):
        assert run(task, *sets, stages=(stage,)).exit_code == 4
    mended = run(task, "gates=[schema]", "dataset.accept=null", stages=("curate", "export"))
    assert (mended.exit_code, mended.requests_sent, mended.why_empty) == (0, 0, "")


def test_generate_says_when_no_answer_is_of_use(task: Path) -> None:
    result = run(task, "gates=[schema, {form: {matches: never-said}}]", stages=("generate",))
    assert result.exit_code == 4
    assert "answers is fit to train on: form" in result.why_empty


def test_an_empty_test_set_ends_with_exit_4_where_a_comparison_is_asked_for(task: Path) -> None:
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()][:2]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    sets = [
        "seeds.test={share: 0.2}",
        "dataset.accept=null",
        "student.train={with: none}",
        "evaluate.arms=[teacher]",
    ]
    result = run(task, *sets)
    assert result.exit_code == 4
    assert result.why_empty.startswith("there is no test row, so nothing was compared")
    assert result.report.exists()
    assert run(task, *sets, "evaluate.arms=[]", "seeds.test={share: 0.1}").exit_code == 0
