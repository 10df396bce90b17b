"""A price that is unknown is never $0, anywhere; what runs here is free, and says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distill.cli.live.progress import calls_line
from distill.cli.text.rows import history_lines
from distill.cli.text.run import run_lines
from distill.cli.text.status import status_lines
from distill.errors import RowsOwed, UsageError
from distill.money import price_of
from distill.pipeline import open_task, run
from distill.plan import plan
from distill.records import Answer, Ended, Request, Usage
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.progress import Progress, Silent
from distill.views import explain
from distill.views import status as reading

ALL = ("generate", "curate", "export", "evaluate", "report")


def opened_task(task: Path, *sets: str) -> Any:
    return open_task.open_task(task, overrides=sets, env={"OPENAI_API_KEY": "sk-1"})


@pytest.fixture
def unpriced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted teacher as a model that no table knows."""
    monkeypatch.setattr("distill.money.LOCAL", ("embedded/",))


def test_every_place_says_unknown(task: Path, unpriced: None) -> None:
    """The run's end, its JSON, status, explain, plan, the report and its warnings."""
    result = run.start(opened_task(task), stages=ALL, watch=Silent())
    assert result.usd is None
    assert result.unpriced_calls == result.requests_sent > 0
    assert "an unknown sum" in run_lines(result)[0]
    assert "$0.0000" not in "\n".join(run_lines(result))
    status = reading.status(task, [])
    assert {row.usd for row in status.ledger} == {None}
    assert "unknown" in "\n".join(status_lines(status))
    assert "$0.0000" not in "\n".join(status_lines(status))
    folder = task.parent / "runs" / "mood" / "001"
    report = json.loads((folder / "report.json").read_bytes())
    assert {row["usd"] for row in report["spend"]} == {None}
    assert any("No price was known for" in said for said in report["warnings"])
    assert report["arms"]["teacher"]["usd_per_1000"] is None
    for name in ("REPORT.md", "report.html"):
        text = (folder / name).read_text()
        assert "unknown" in text
        assert "$0<" not in text
        assert "| $0 |" not in text
    row = pl.read_parquet(folder / "samples.parquet")["seed_id"][0]
    assert pl.read_parquet(folder / "samples.parquet")["usd"].is_null().all()
    told = explain.explain(task.parent, "mood/001", row)
    assert '"usd": 0.0' not in json.dumps(told.as_json())
    explained = "\n".join(history_lines(told))
    assert "at an unknown price" in explained
    planned = plan.plan(opened_task(task))
    assert planned.total.usd_at_most is None


def test_what_runs_here_is_free_and_says_so(task: Path) -> None:
    result = run.start(opened_task(task), stages=ALL, watch=Silent())
    assert (result.usd, result.unpriced_calls) == (0.0, 0)
    assert set(pl.read_parquet(task.parent / "runs/mood/001/samples.parquet")["usd"]) == {0.0}
    assert "spent: nothing" in run_lines(result)[0]


def test_the_progress_line_has_no_sum_that_is_not_known() -> None:
    progress = Progress(total=5, answered=3, priced=False)
    assert "cost unknown" in calls_line("teacher", progress, [])
    assert "$" not in calls_line("teacher", progress, [])


def test_a_tuned_model_has_a_price_of_its_own() -> None:
    """Its base's would be half of what the host bills; the spec's own is taken."""
    base = price_of("gpt-4o-mini")
    assert base is not None
    assert base(Usage(10**6, 0)) > 0
    assert price_of("ft:gpt-4o-mini:acme::1") is None


def test_a_budget_over_a_tuned_model_needs_its_price_before_the_first_send(task: Path) -> None:
    sets = [
        "student.train.with=hosted",
        "student.train.base=gpt-4o-mini",
        "evaluate.arms=[teacher, student]",
        "budget.usd=1",
        "student.train.train_price=3",
    ]
    with pytest.raises(UsageError, match=r"student\.train\.tuned_price"):
        run.start(opened_task(task, *sets), stages=("generate",), watch=Silent())
    given = opened_task(task, *sets, "student.train.tuned_price={input: 1, output: 2}")
    assert run.start(given, stages=("generate",), watch=Silent()).exit_code == 0


@pytest.mark.parametrize("price", ["{input: .inf, output: 1}", "{input: 1, output: .nan}", "{input: -1, output: 1}"])
def test_a_price_is_a_number(task: Path, price: str) -> None:
    with pytest.raises(UsageError, match=r"teacher\.price"):
        opened_task(task, f"teacher.price={price}")


def test_what_was_refused_costs_nothing_at_any_price(
    task: Path, unpriced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is not there has billed nothing, whatever a token would have cost."""

    async def gone(_: Scripted, request: Request) -> Answer:
        return Answer(request.id, Ended.CONNECTION, error="nothing was sent")

    monkeypatch.setattr("distill.teacher.retry.BASE_S", 0.01)
    monkeypatch.setattr(Scripted, "answer", gone)
    with pytest.raises(RowsOwed, match="cannot be reached"):
        run.start(opened_task(task), stages=("generate",), watch=Silent())
    row = reading.status(task, []).ledger[0]
    assert row.sends > 0
    assert (row.usd, row.unpriced) == (0.0, 0)
