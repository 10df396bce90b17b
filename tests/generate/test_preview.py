"""A first look at some answers (`--limit`): only those rows are asked, and a whole run pays for none of them again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ended import Distill

from distill.generate.preview import SHOWN
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.plan import plan
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve


def run(task: Path, *sets: str, limit: int | None = None, **how: Any) -> Run:
    overrides = [*sets, *([f"dataset.preview={limit}"] if limit else [])]
    return running.start(open_task(task, overrides=overrides, env={}), stages=ORDER, watch=Silent(), **how)


def test_only_so_many_rows_are_asked_and_a_whole_run_asks_the_others(task: Path) -> None:
    """It ends after curation with exit 0 and every row accounted for; what follows is done anew, and no answer bought twice."""
    few = run(task, limit=12)
    assert (list(few.done), few.exit_code, few.requests_sent) == (["generate", "curate"], 0, 12)
    assert few.funnel is not None
    assert (few.funnel.questions, few.funnel.kept + few.funnel.dropped) == (12, 12)
    assert [len(row.input) > 0 and row.fate == "kept" for row in few.preview] == [True] * SHOWN
    first, seeds = (pl.read_parquet(few.folder / name) for name in ("asked.parquet", "seeds.parquet"))
    strata = Counter(first.join(seeds, on="seed_id")["stratum"].to_list())
    assert min(strata.values()) >= 3  # of two, which have their natural shares
    left = pl.read_parquet(few.folder / "dropped.parquet").filter(reason="not_asked")
    assert set(left["detail"]) == {"a preview of 12 rows: the others are asked without --limit (dataset.preview)"}

    whole = run(task)
    assert (whole.name, list(whole.done)) == (few.name, ["generate", "curate", "export", "evaluate", "report"])
    every = pl.read_parquet(whole.folder / "asked.parquet")
    assert set(first["request_id"]) < set(every["request_id"])
    tests = seeds.filter(role="test").height  # the teacher is asked about them too
    assert whole.requests_sent == every.height + tests - few.requests_sent
    assert (list(whole.preview), whole.funnel.kept if whole.funnel else 0) == ([], 20)


def test_a_finished_run_stays_as_it_is(task: Path) -> None:
    first = run(task)
    before = (first.folder / "samples.parquet").read_bytes()
    few = run(task, limit=3)
    assert (few.name, few.requests_sent) == ("mood/002", 0)
    assert (first.folder / "samples.parquet").read_bytes() == before


def test_no_exam_and_no_new_seeds_in_a_preview(task: Path) -> None:
    few = run(task, "teacher.exam={rows: 20}", "seeds.expand={at_most: 30}", limit=4)
    assert few.requests_sent == 4


async def test_a_preview_is_asked_live_whatever_the_mode(task: Path) -> None:
    """And without the test rows, which go with the first batches of a whole run."""
    sets = [
        "teacher.model=m",
        "teacher.mode=batch",
        "teacher.price={input: 1, output: 1}",
        "dataset.preview=4",
        "gates=[finish_reason]",
    ]
    async with serve(Script()) as server:
        opened = open_task(task, overrides=sets, env={"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "x"})
        few = await running.work(opened, stages=ORDER, watch=Silent())
        assert (few.exit_code, few.requests_sent, len(server.ledger.entries)) == (0, 4, 4)


def test_a_plan_of_a_preview_counts_its_rows_alone(task: Path) -> None:
    found = plan.plan(open_task(task, overrides=["dataset.preview=4"], env={}))
    assert [(row.spender, row.to_send) for row in found.spenders] == [("teacher", 4)]
    assert (found.rows_wanted, found.student_calls) == (4, 0)


def test_gates_that_drop_all_of_it_are_told(task: Path) -> None:
    few = run(task, "gates=[schema, {form: {matches: never-said}}]", limit=3)
    assert {row.fate for row in few.preview} == {"dropped by form: form"}
    assert few.exit_code == 4


def test_command_shows_answers_and_how_to_go_on(task: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are cut, and nothing of them steers the terminal."""
    monkeypatch.chdir(task.parent)
    seeds = task.parent / "seeds.jsonl"
    rows = [json.loads(line) for line in seeds.read_text().splitlines()]
    seeds.write_text(
        "".join(json.dumps({**row, "message": row["message"] + "\x1b[2J" + " long" * 90}) + "\n" for row in rows)
    )
    shown = distill("run", "task.yaml", "--limit", "5", "--set", "dataset.valid=0.2")
    assert shown.code == 0, shown.err
    lines = shown.out.splitlines()
    assert lines[0] == "run mood/001, a preview; 5 requests sent, spent nothing"
    assert sum(line.startswith("  asked ") for line in lines) == SHOWN
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in shown.out
    assert "5 asked = 5 in the dataset + 0 dropped" in lines
    assert lines[-2] == "next: without --limit all rows are asked; for these nothing is paid again:"
    assert lines[-1] == "  distill run task.yaml --set dataset.valid=0.2"
    planned = distill("plan", task, "--limit", "5", "--no-pilot").out
    assert planned.splitlines()[-1] == f"next: distill run {task} --limit 5"
    found = json.loads(distill("generate", task, "--limit", "6", "--json").out)
    assert (found["requests_sent"], len(found["preview"]), found["preview"][0]["fate"]) == (1, SHOWN, "")


@pytest.mark.parametrize("verb", ["run", "generate", "plan"])
def test_a_limit_below_one_is_refused(task: Path, verb: str, distill: Distill) -> None:
    said = distill(verb, task, "--limit", "0")
    assert said.code == 2
    assert "--limit" in said.err


def test_where_no_teacher_is_asked_it_says_so(task: Path, distill: Distill) -> None:
    shown = distill(
        "run", task, "--limit", "5", "--set", "seeds.gold_rows=train", "--set", "seeds.test={share: 0.25, gold: true}"
    )
    assert shown.code == 0, shown.err
    assert "no teacher is asked in this task" in shown.out
