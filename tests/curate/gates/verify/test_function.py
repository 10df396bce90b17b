"""A task whose own function judges the answers, from `validate` to the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ended import Distill

from distill.errors import SpecError, UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve
from distill.views import what_if

GLAD = """\
def check(row):
    assert row["gold"] == {"mood": "glad"}
    assert row["fields"]["message"] in row["prompt"][-1]["content"]
    return row["parsed"]["mood"] == "glad", "it is " + row["parsed"]["mood"]
"""
VERIFY = "gates=[schema, {verify: {seconds: 5}}]"


class Told(Silent):
    """What was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def run(task: Path, *sets: str, stages: Any = ORDER, watch: Any = None) -> Run:
    return running.start(open_task(task, overrides=sets, env={}), stages=stages, watch=watch or Silent())


def rows(task: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(max((task.parent / "runs" / "mood").iterdir()) / name)


@pytest.fixture
def judged(task: Path) -> Path:
    """The task with a `verify.py` that wants glad answers; the scripted teacher gives half of them."""
    (task.parent / "verify.py").write_text(GLAD)
    return task


def test_only_what_the_function_passes_is_trained_on(judged: Path) -> None:
    """Every dropped row has the function's message; the funnel counts them; every seed is accounted for."""
    assert run(judged, VERIFY).exit_code == 0
    samples, dropped = rows(judged, "samples.parquet"), rows(judged, "dropped.parquet")
    kept = samples.filter(pl.col("fate") != "dropped")
    assert kept.height
    assert {json.loads(text)["mood"] for text in kept["answer"]} == {"glad"}
    assert set(kept["score_verify"]) == {1.0}
    failed = dropped.filter(stage="verify")
    assert failed.height
    assert set(failed.select("reason", "detail").rows()) == {("verify", "it is cross")}
    funnel = json.loads((judged.parent / "runs/mood/001/funnel.json").read_text())["funnel"]
    (step,) = (step for step in funnel if step["stage"] == "verify")
    assert step["in"] == step["kept"] + failed.height
    assert "hook" in step["held"]
    test = rows(judged, "seeds.parquet").filter(role="test").height
    assert kept["seed_id"].n_unique() + dropped["row"].n_unique() + test == 48


def test_without_the_gate_the_file_is_never_run(judged: Path) -> None:
    (judged.parent / "verify.py").write_text("raise SystemExit('run')")
    assert run(judged).exit_code == 0
    assert not (judged.parent / ".distill" / "checks.db").exists()


def test_a_changed_file_curates_again_and_sends_nothing(judged: Path) -> None:
    """And an unchanged one skips the stage."""
    run(judged, VERIFY)
    assert run(judged, VERIFY).done == []
    (judged.parent / "verify.py").write_text(GLAD.replace('== "glad", "it', '== "cross", "it'))
    result = run(judged, VERIFY, stages=("curate",))
    assert (result.done, result.requests_sent) == (["curate"], 0)
    kept = rows(judged, "samples.parquet").filter(pl.col("fate") != "dropped")
    assert {json.loads(text)["mood"] for text in kept["answer"]} <= {"cross"}


def test_other_thresholds_run_nothing_again(judged: Path) -> None:
    """The verdicts of the run serve; a file that could tell would say so."""
    run(judged, VERIFY)
    before = rows(judged, "samples.parquet").sort("request_id")["score_verify"].to_list()
    checks = (judged.parent / ".distill" / "checks.db").read_bytes()
    changed = "gates=[schema, {verify: {at_least: 0.0}}]"
    assert run(judged, changed, stages=("curate",)).done == ["curate"]
    assert rows(judged, "samples.parquet").sort("request_id")["score_verify"].to_list() == before
    assert not rows(judged, "dropped.parquet").filter(stage="verify").height
    assert (judged.parent / ".distill" / "checks.db").read_bytes() == checks
    found = what_if.what_if(judged, ["verify.at_least=1.0"], overrides=[changed], env={})
    assert found.leave


def test_a_function_that_breaks_on_every_row_is_said_at_once_and_in_the_report(judged: Path) -> None:
    """Rows are unscored, and kept where the spec says so."""
    (judged.parent / "verify.py").write_text("def check(row): return row['mood']")
    told = Told()
    assert run(judged, "gates=[schema, {verify: {unscored: keep}}]", watch=told).exit_code == 0
    said = [line for line in told.lines if "verify could not judge" in line]
    assert said
    assert "raised KeyError at line 1" in said[0]
    assert rows(judged, "samples.parquet")["score_verify"].null_count() == rows(judged, "samples.parquet").height
    assert "raised KeyError at line 1" in (judged.parent / "runs/mood/001/REPORT.md").read_text()


def test_a_function_that_judges_no_answer_stops_the_asking(judged: Path) -> None:
    """Every further answer would be paid for in vain; those that are here are kept for the mended function."""
    (judged.parent / "verify.py").write_text("def check(row): return row['mood']")
    with pytest.raises(UsageError, match=r"verify could judge none of \d\d answers.*raised KeyError") as caught:
        run(judged, VERIFY)
    assert caught.value.exit_code == 2
    (judged.parent / "verify.py").write_text("def check(row): return True")
    assert run(judged, VERIFY).exit_code == 0


def test_a_file_that_cannot_be_imported_is_told_before_anything_is_sent(judged: Path) -> None:
    (judged.parent / "verify.py").write_text("import nothing_of_this_name\ndef check(row): return True")
    with pytest.raises(
        SpecError, match=r"verify.py:1: cannot be imported: ModuleNotFoundError: No module named"
    ) as caught:
        run(judged, VERIFY)
    assert caught.value.exit_code == 2
    assert not (judged.parent / "runs/mood/001/asked.parquet").exists()


def test_every_fault_of_the_file_is_one_of_the_specs(judged: Path) -> None:
    (judged.parent / "verify.py").write_text("def chek(row): return True")
    sets = [
        "gates=[{verify: {at_least: 2, task: x}}, {verify: {function: 7}}, {verify: {function: '../verify.py:check'}}]"
    ]
    with pytest.raises(SpecError) as caught:
        open_task(judged, overrides=sets, env={})
    said = "\n".join(map(str, caught.value.faults))
    for part in (
        "gates[0].verify: `at_least` is 2",
        "gates[0].verify: unknown setting 'task'",
        f"gates[0].verify: {judged.parent / 'verify.py'}: defines no function 'check'; did you mean 'chek'?",
        "gates[1].verify: `function` is 7",
        "gates[2].verify: function: '../verify.py' lies outside the task's folder",
    ):
        assert part in said


def test_the_command_line_tells_it_in_a_line_and_leaks_no_key(
    judged: Path, monkeypatch: pytest.MonkeyPatch, distill: Distill
) -> None:
    """`distill run` with a key in the environment and a function that looks for it."""
    (judged.parent / "verify.py").write_text(
        "import os, sys\ndef check(row):\n    print(row)\n    return False, f'{sorted(os.environ)} {os.environ}'"
    )
    spec = judged.read_text().replace("dataset:", "gates: [schema, verify]\ndataset:")
    judged.write_text(spec)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-48213")
    run(judged, "gates=[schema]", stages=ORDER[:1])
    done = distill("curate", judged, "--json")
    assert done.code == 4, done.err  # no row is left
    assert json.loads(done.out)["done"] == ["curate"]
    details = rows(judged, "dropped.parquet").filter(stage="verify")["detail"].to_list()
    assert details
    assert not any("KEY" in text or "canary" in text for text in details)
    (judged.parent / "verify.py").unlink()
    done = distill("validate", judged)
    assert done.code == 2
    assert "verify.py: no such file" in done.err


@pytest.mark.slow
async def test_over_a_server_that_fails_every_row_is_accounted_for_and_nothing_is_sent_twice(judged: Path) -> None:
    """Faults of the endpoint, rows that the function fails, and rows that break it: each with its own reason."""
    (judged.parent / "verify.py").write_text(
        "def check(row):\n"
        "    if 'lamp' in row['input']:\n        import time; time.sleep(60)\n"
        "    if 'onion' in row['input']:\n        import os; os._exit(1)\n"
        "    return 'river' not in row['input'], 'a river'\n"
    )
    async with serve(Script(faults={"429": 0.2, "500": 0.1})) as server:
        sets = [
            "teacher.model=m",
            "teacher.output=null",
            "gates=[finish_reason, {verify: {seconds: 0.5}}]",
            "dataset.accept=36",
        ]
        task = open_task(judged, overrides=sets, env={"OPENAI_BASE_URL": server.base_url})
        await running.work(task, stages=ORDER[:2], watch=Silent())
        assert set(server.ledger.billed.values()) == {1}
        sent = len(server.ledger.entries)
        await running.work(task, stages=ORDER[:2], watch=Silent())
        assert len(server.ledger.entries) == sent
    dropped = rows(judged, "dropped.parquet").filter(stage="verify")
    inputs = dict(rows(judged, "seeds.parquet").select("seed_id", "input").iter_rows())
    for row in dropped.iter_rows(named=True):
        text = inputs[row["row"]]
        expected = (
            ("unscored", "verify: no answer within 0.5 s") if "lamp" in text
            else ("unscored", "verify: ended its process (exit code 1)") if "onion" in text
            else ("verify", "a river")
        )  # fmt: skip
        assert (row["reason"], row["detail"]) == expected
    assert dropped["detail"].n_unique() == 3
    kept = rows(judged, "samples.parquet").filter(pl.col("fate") != "dropped")
    assert not any(word in inputs[seed] for seed in kept["seed_id"] for word in ("lamp", "onion", "river"))
