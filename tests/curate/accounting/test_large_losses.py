"""A step that drops more than half of something says so: at the end of a command, in its JSON, and in the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ended import Distill

from distill.curate.accounting import large_losses
from distill.curate.accounting.funnel import FunnelLine
from distill.curate.accounting.large_losses import LargeLoss
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.tables.outcome import dropped_frame
from distill.task.run import ORDER
from distill.teacher.progress import Silent


class Heard(Silent):
    """What was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def run(task: Path, *sets: str, stages: Any = ORDER, watch: Any = None) -> Run:
    return running.start(open_task(task, overrides=sets, env={}), stages=stages, watch=watch or Silent())


def losses(rows: list[tuple[str, str, str]], drops: list[tuple[str, str, str]], **seeds: Any) -> list[LargeLoss]:
    """Of (seed_id, source, stratum) and (seed_id, stage, reason)."""
    frame = pl.DataFrame(rows, schema=["seed_id", "source", "stratum"], orient="row")
    strata = dict(frame.select("seed_id", "stratum").iter_rows())
    gone = dropped_frame([(seed, None, strata.get(seed, "x"), stage, reason, "") for seed, stage, reason in drops])
    funnel = [
        FunnelLine(name, 0, 0)
        for name in ("seeds", "test", "ask", "answer", "schema", "gold", "dedup", "leaks", "balance")
    ]
    samples = frame.select("seed_id", teacher=pl.lit(0, pl.Int64))
    return large_losses.large_losses(funnel, seeds=frame, samples=samples, dropped=gone, by_source=seeds)


def test_a_source_a_stratum_and_all_rows_are_looked_at_by_what_the_steps_before_left():
    rows = [(f"a{n}", "a.jsonl", "x" if n % 2 else "y") for n in range(10)]
    rows += [(f"b{n}", "b.jsonl", "x") for n in range(30)]
    before = [(f"a{n}", "schema", "not_json") for n in range(4)]
    (loss,) = losses(rows, [*before, *((f"a{n}", "dedup", "near_duplicate") for n in range(4, 8))])
    assert (loss.stage, loss.group, loss.name, loss.entered, loss.dropped) == (
        "dedup",
        "source",
        "a.jsonl",
        6,
        4,
    )
    assert large_losses.loss_text([loss], "t/001") == [
        "dedup dropped 4 of 6 rows of source a.jsonl (67 %): near_duplicate 4; "
        "`distill show t/001 dropped --reason near_duplicate` lists them"
    ]


def test_the_only_source_is_all_rows_and_is_told_once():
    rows = [(f"a{n}", "a.jsonl", "x") for n in range(8)]
    (loss,) = losses(rows, [(f"a{n}", "leaks", "shares_13_gram") for n in range(6)])
    assert (loss.group, loss.entered, loss.dropped) == ("rows", 8, 6)


@pytest.mark.parametrize("drops", [4, 2])
def test_half_is_not_more_than_half_and_a_few_rows_are_no_news(drops):
    rows = [(f"a{n}", "a.jsonl", "x") for n in range(8 if drops == 4 else 2)]
    assert losses(rows, [(f"a{n}", "dedup", "near_duplicate") for n in range(drops)]) == []


@pytest.mark.parametrize("reason", ["over_quota", "another_answer", "outvoted"])
def test_rows_that_nobody_missed_are_no_loss(reason):
    rows = [(f"a{n}", "a.jsonl", "x") for n in range(8)]
    assert losses(rows, [(f"a{n}", "balance", reason) for n in range(7)]) == []


def test_repeats_among_the_seeds_are_told_by_their_source():
    rows = [(f"a{n}", "a.jsonl", "x") for n in range(30)] + [("b0", "b.jsonl", "x")]
    found = losses(rows, [(f"r{n}", "seeds", "repeated") for n in range(9)], **{"b.jsonl": {"in": 10, "repeated": 9}})
    assert [(loss.stage, loss.group, loss.name, loss.entered, loss.dropped) for loss in found] == [
        ("seeds", "source", "b.jsonl", 10, 9)
    ]


def test_a_run_says_it_at_its_end_in_its_result_and_in_the_report(task: Path) -> None:
    heard = Heard()
    result = run(task, "gates=[schema, {form: {contains: [glad]}}]", "dataset.accept=null", watch=heard)
    loss = result.large_losses[0]  # the scripted teacher is glad about a bit less than half of them
    assert loss.stage == "form"
    said = large_losses.loss_text([loss], result.name)[0]
    assert f"warning: {said}" in heard.lines
    assert said.split("; ")[0] in (result.folder / "REPORT.md").read_text()


def test_the_command_says_it_as_json_too(task: Path, distill: Distill) -> None:
    task.write_text(task.read_text().replace("dataset:", "gates: [schema, {form: {matches: never-said}}]\ndataset:"))
    done = distill("run", task, "--json")
    assert done.code == 4, done.err
    said = json.loads(done.out)
    assert (said["exit"], said["large_losses"][0]["stage"]) == (4, "form")
    assert "form dropped" in distill("run", task).err
