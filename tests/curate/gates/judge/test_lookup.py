"""Verdicts in a run: asked for what the gates before let pass, once; another mark asks for none."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from judges import ENV, GATES, dropped_of, models, project_of, run, samples_of

from distill.cli.text.plan import plan_lines
from distill.cli.text.rows import history_lines, row_list_lines
from distill.curate.gates.judge.requests import judge_warnings
from distill.curate.gates.judge.verdict import verdicts_of_row
from distill.errors import RowsOwed
from distill.pipeline.result import Run
from distill.plan import plan as planning
from distill.task.run import ORDER
from distill.teacher.store.store import opened
from distill.testing.fault_server import serve
from distill.views import explain, show, what_if


async def test_two_judges_score_what_is_left_and_strata_are_refilled(judged: Path) -> None:
    """Rows that an earlier gate dropped are never judged; what the judges drop is asked anew; a second run sends nothing."""
    async with AsyncExitStack() as stack:
        teacher, one, two = [await stack.enter_async_context(serve()) for _ in range(3)]
        task = project_of(judged, teacher, models(one, two), "dataset.accept=5")
        result = await run(task, *ORDER)
        assert (result.exit_code, result.pending) == (0, 0)
        samples = samples_of(result)
        low, short = dropped_of(result, "low_score"), dropped_of(result, "too_short")
        assert samples.filter(pl.col("fate") != "dropped").height == 5
        assert low.height > 2
        assert short.height > 2
        assert samples.height > 8, "nothing was refilled"
        assert all(" asked: " in detail for detail in low["detail"])
        came = samples.filter(pl.col("verdicts_judge").is_not_null())
        assert came.height == samples.height - short.height
        for server in (one, two):
            assert len(server.ledger.billed) == came.height
            assert set(server.ledger.billed.values()) == {1}
        said = [verdicts_of_row(row)["judge"] for row in came.iter_rows(named=True)]
        assert {tuple(judge["judge"] for judge in row) for row in said} == {("j0", "j1")}
        kept = came.filter(pl.col("fate") != "dropped")
        assert kept.filter((pl.col("judge_correct") + pl.col("judge_polite")) / 2 < 3).height == 0
        assert result.usd == pytest.approx(sum(server.ledger.usd for server in (teacher, one, two)))
        with opened(task.store_path) as store:
            assert {row.spender for row in store.ledger(result.name)} == {"teacher", "judge j0", "judge j1"}
        again = await run(task, *ORDER)
        assert again.requests_sent == 0
        assert again.done == []
        report = (result.folder / "REPORT.md").read_text()
        assert "judge j0" in report
        assert "one model" not in report
        row = explain.explain(task.home, result.name, low["row"][0])
        assert sum("judge by j" in line for line in history_lines(row)) >= 4
        shown = show.show(task.home, result.name, what="dropped", reason="low_score", stratum=None, limit=2)
        assert sum("judge by j0: correct" in line for line in row_list_lines(shown)) == 2


async def test_another_threshold_sends_nothing(judged: Path) -> None:
    """`curate` with a lower or higher mark, and --what-if, decide on the verdicts that are there."""
    async with serve() as server:
        task = project_of(judged, server, models(server), "dataset.accept=5")
        result = await run(task)
        before = len(server.ledger.entries)
        sets = ["teacher.model=t", f"teacher.base_url={server.base_url}", models(server), "dataset.accept=5"]
        found = what_if.what_if(judged, ["judge.at_least=1"], overrides=sets, env=ENV)
        assert found.kept == (5, 5)
        low = next(row for row in found.reasons if row.name == "judge: low_score")
        assert (low.now, low.then) == (dropped_of(result, "low_score").height, 0)
        assert low.now > 2
        off = what_if.what_if(judged, ["judge=off"], overrides=sets, env=ENV)
        assert any(row.name == "judge: low_score" and row.then == 0 for row in off.reasons)
        strict = project_of(
            judged,
            server,
            models(server),
            "dataset.accept=5",
            "gates=[schema, {length: {min_chars: 17}}, {judge: {at_least: {polite: 3}}}]",
        )
        stricter = await run(strict, "curate")
        assert stricter.requests_sent == 0
        assert len(server.ledger.entries) == before
        polite = samples_of(stricter).filter(pl.col("fate") != "dropped")["judge_polite"].to_list()
        assert len(polite) > 2
        assert min(polite) >= 3
        assert dropped_of(stricter, "low_score")["detail"].str.contains("at least 3 required").all()


async def test_a_dataset_without_its_verdicts_is_made_anew_when_they_are_there(judged: Path) -> None:
    """`curate` after the rubric changed sends nothing and says what is missing; it is not taken for done later."""
    async with serve() as server:
        sets = [models(server), "dataset.accept=4"]
        await run(project_of(judged, server, *sets))
        (judged.parent / "judge.md").write_text("Is it so?")
        bare = await run(project_of(judged, server, *sets), "curate")
        assert (bare.requests_sent, bare.done) == (0, ["curate"])
        assert "not sent yet" in dropped_of(bare, "unscored")["detail"][0]
        assert bare.exit_code == 3
        with pytest.raises(RowsOwed, match="wait for a verdict"):
            await run(project_of(judged, server, *sets), "export")
        result = await run(project_of(judged, server, *sets))
        assert result.done == ["generate", "curate", "export"]
        assert samples_of(result).filter(pl.col("fate") != "dropped").height == 4


@pytest.mark.parametrize("change", ["rubric", "dimension", "model"])
async def test_another_question_is_asked_anew(judged: Path, change: str) -> None:
    async with serve() as server:
        await run(project_of(judged, server, models(server), "dataset.accept=8"))
        before = len(server.ledger.entries)
        more = {
            "rubric": models(server),
            "dimension": "judge.dimensions={correct: 'The mood is right.'}",
            "model": models(server, server),
        }[change]
        if change == "rubric":
            (judged.parent / "judge.md").write_text("Is it so?")
        result = await run(project_of(judged, server, models(server), more, "dataset.accept=8"))
        assert result.requests_sent > 4
        assert result.exit_code == 0
        assert len(server.ledger.entries) > before


async def test_the_teacher_itself_judges_where_none_is_named_and_everybody_is_told(judged: Path) -> None:
    async with serve() as server:
        task = project_of(judged, server, "dataset.accept=8", f"{GATES[:-1]}, toxicity]")
        assert [warning[:39] for warning in judge_warnings(task)] == ["Judge and teacher are one model, t: mod"]
        plan = await asyncio.to_thread(planning.plan, task)
        assert any(line.startswith("warning: Judge and teacher") for line in plan_lines(plan))
        result = await run(task, *ORDER)
        assert "Judge and teacher are one model" in (result.folder / "REPORT.md").read_text()
        samples = samples_of(result)
        assert {"score_judge", "score_toxicity", "toxicity_harmless"} <= set(samples.columns)
        judged_rows = samples.filter(pl.col("verdicts_judge").is_not_null())
        assert (
            judged_rows["verdicts_toxicity"].null_count()
            == dropped_of(result, "low_score").filter(pl.col("stage") == "judge").height
        )
        spent = [row["spender"] for row in spend_of(result)]
        assert spent == ["teacher", "judge t"]


def spend_of(result: Run) -> list[dict[str, Any]]:
    return list(json.loads((result.folder / "report.json").read_bytes())["spend"])


async def test_the_gold_answer_is_shown_where_the_spec_says_so(judged: Path) -> None:
    async with serve() as server:
        for reference in ("false", "true"):
            task = project_of(judged, server, models(server), "dataset.accept=6", f"judge.reference={reference}")
            await run(task)
            with opened(task.store_path) as store:
                sent = [body for (body,) in store.query("SELECT request FROM answers") if "verdict" in body]
            assert any("<<<reference" in body for body in sent) == (reference == "true")
