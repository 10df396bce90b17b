"""Verdicts in a run: asked for what the gates before let pass, once, within the budget, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from distill.curate.verdict import said_of
from distill.errors import BudgetReached, RowsOwed, SpecError, UsageError
from distill.flow import explaining, judging, plan_lines, planning, running, whatif
from distill.flow.opening import open_project
from distill.flow.overnight import InBatches
from distill.flow.project import Project
from distill.flow.stages import ORDER
from distill.flow.watch import Silent
from distill.teacher.store import opened
from distill.testing.batch.desk import BatchScript
from distill.testing.fault_server import Script, Server, serve

RUBRIC = "Does the answer fit the message?"
PRICE = "price: {input: 1, output: 1}"
ENV = {"OPENAI_API_KEY": "k"}
GATES = "gates=[schema, {length: {min_chars: 17}}, {judge: {at_least: 3}}]"


@pytest.fixture
def judged(task: Path) -> Path:
    """The task with a rubric of two dimensions; the models come with each test."""
    (task.parent / "judge.md").write_text(RUBRIC)
    spec = yaml.safe_load(task.read_text())
    spec["judge"] = {"dimensions": {"correct": "The mood is right.", "polite": "It is kind."}}
    spec["gates"] = ["schema", {"length": {"min_chars": 17}}, {"judge": {"at_least": 3}}]
    spec["evaluate"] = {"arms": []}
    task.write_text(yaml.safe_dump(spec))
    return task


def models(*servers: Server | str, more: str = "") -> str:
    urls = [one if isinstance(one, str) else one.base_url for one in servers]
    return (
        "judge.models=["
        + ", ".join(f"{{model: j{n}, base_url: '{url}', {PRICE}{more}}}" for n, url in enumerate(urls))
        + "]"
    )


def project_of(task: Path, teacher: Server, *sets: str, home: Path | None = None) -> Project:
    given = ["teacher.model=t", f"teacher.base_url={teacher.base_url}", f"teacher.price={{{PRICE[8:-1]}}}", *sets]
    return open_project(task, overrides=given, env=ENV, home=home)


async def run(project: Project, *stages: str, **how: Any) -> dict[str, Any]:
    return await running.work(project, stages=stages or ORDER[:3], watch=how.pop("watch", Silent()), **how)


def samples_of(result: dict[str, Any]) -> pl.DataFrame:
    return pl.read_parquet(Path(result["folder"]) / "samples.parquet")


def dropped_of(result: dict[str, Any], reason: str) -> pl.DataFrame:
    return pl.read_parquet(Path(result["folder"]) / "dropped.parquet").filter(pl.col("reason") == reason)


async def test_two_judges_score_what_is_left_and_strata_are_refilled(judged: Path) -> None:
    """Rows that an earlier gate dropped are never judged; what the judges drop is asked anew; a second run sends nothing."""
    async with AsyncExitStack() as stack:
        teacher, one, two = [await stack.enter_async_context(serve()) for _ in range(3)]
        project = project_of(judged, teacher, models(one, two), "dataset.accept=5")
        result = await run(project, *ORDER)
        assert (result["exit"], result["owed"]) == (0, 0)
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
        said = [said_of(row)["judge"] for row in came.iter_rows(named=True)]
        assert {tuple(judge["judge"] for judge in row) for row in said} == {("j0", "j1")}
        kept = came.filter(pl.col("fate") != "dropped")
        assert kept.filter((pl.col("judge_correct") + pl.col("judge_polite")) / 2 < 3).height == 0
        assert result["usd"] == pytest.approx(sum(server.ledger.usd for server in (teacher, one, two)))
        with opened(project.store_path) as store:
            assert {row.spender for row in store.ledger(result["run"])} == {"teacher", "judge j0", "judge j1"}
        again = await run(project, *ORDER)
        assert again["requests_sent"] == 0
        assert again["done"] == []
        report = (Path(result["folder"]) / "REPORT.md").read_text()
        assert "judge j0" in report
        assert "one model" not in report
        row = explaining.explain(project.home, result["run"], low["row"][0])
        assert sum("judge by j" in line for line in explaining.explain_lines(row)) >= 4
        shown = explaining.show(project.home, result["run"], what="dropped", reason="low_score", stratum=None, limit=2)
        assert sum("judge by j0: correct" in line for line in explaining.show_lines(shown)) == 2


async def test_another_threshold_sends_nothing(judged: Path) -> None:
    """`curate` with a lower or higher mark, and --what-if, decide on the verdicts that are there."""
    async with serve() as server:
        project = project_of(judged, server, models(server), "dataset.accept=5")
        result = await run(project)
        before = len(server.ledger.entries)
        sets = ["teacher.model=t", f"teacher.base_url={server.base_url}", models(server), "dataset.accept=5"]
        found = whatif.compare(judged, ["judge.at_least=1"], overrides=sets, env=ENV)
        assert found["kept"] == [5, 5]
        low = next(row for row in found["reasons"] if row["name"] == "judge: low_score")
        assert (low["now"], low["then"]) == (dropped_of(result, "low_score").height, 0)
        assert low["now"] > 2
        off = whatif.compare(judged, ["judge=off"], overrides=sets, env=ENV)
        assert any(row["name"] == "judge: low_score" and row["then"] == 0 for row in off["reasons"])
        strict = project_of(
            judged,
            server,
            models(server),
            "dataset.accept=5",
            "gates=[schema, {length: {min_chars: 17}}, {judge: {at_least: {polite: 3}}}]",
        )
        stricter = await run(strict, "curate")
        assert stricter["requests_sent"] == 0
        assert len(server.ledger.entries) == before
        polite = samples_of(stricter).filter(pl.col("fate") != "dropped")["judge_polite"].to_list()
        assert len(polite) > 2
        assert min(polite) >= 3
        assert dropped_of(stricter, "low_score")["detail"].str.contains("at least 3 asked").all()


async def test_a_dataset_without_its_verdicts_is_made_anew_when_they_are_there(judged: Path) -> None:
    """`curate` after the rubric changed sends nothing and says what is missing; it is not taken for done later."""
    async with serve() as server:
        sets = [models(server), "dataset.accept=4"]
        await run(project_of(judged, server, *sets))
        (judged.parent / "judge.md").write_text("Is it so?")
        bare = await run(project_of(judged, server, *sets), "curate")
        assert (bare["requests_sent"], bare["done"]) == (0, ["curate"])
        assert "not sent yet" in dropped_of(bare, "unscored")["detail"][0]
        assert bare["exit"] == 3
        with pytest.raises(RowsOwed, match="wait for a verdict"):
            await run(project_of(judged, server, *sets), "export")
        result = await run(project_of(judged, server, *sets))
        assert result["done"] == ["generate", "curate", "export"]
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
        assert result["requests_sent"] > 4
        assert result["exit"] == 0
        assert len(server.ledger.entries) > before


async def test_a_judge_that_is_gone_leaves_the_other_to_score(judged: Path) -> None:
    """Its verdicts are missing and the run says so; the mean is over those that answered."""
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        shut = await stack.enter_async_context(serve(Script(key="another")))
        result = await run(project_of(judged, teacher, models(teacher, shut), "dataset.accept=8"))
        assert (result["exit"], result["owed"]) == (0, 0)
        row = samples_of(result).filter(pl.col("fate") != "dropped").row(0, named=True)
        first, second = said_of(row)["judge"]
        assert "scores" in first
        assert "no_access" in second["unscored"] or second["unscored"] == "not sent yet"


async def test_without_any_judge_rows_are_owed_and_no_other_is_asked_for_them(judged: Path) -> None:
    """Exit 3; with --partial they are dropped as unscored; when the judge is there again only it is asked."""
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        shut = await stack.enter_async_context(serve(Script(key="another")))
        sets = [models(shut), "dataset.accept=5"]
        with pytest.raises(RowsOwed, match="rows could not be answered"):
            await run(project_of(judged, teacher, *sets))
        asked = len(teacher.ledger.entries)
        assert asked < 36, "rows were asked in place of those that only wait for a verdict"
        partial = await run(project_of(judged, teacher, *sets), partial=True)
        assert partial["exit"] == 3
        assert dropped_of(partial, "unscored").height == partial["owed"] >= 5
        assert not any(samples_of(partial)["fate"] != "dropped")
        shut.script = Script()  # type: ignore[misc]  # the host takes the key now
        result = await run(project_of(judged, teacher, *sets))
        assert result["exit"] == 0
        assert samples_of(result).filter(pl.col("fate") != "dropped").height == 5


async def test_a_row_that_a_judge_never_takes_is_owed(judged: Path) -> None:
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        sour = await stack.enter_async_context(serve(Script(faults={"400": 0.2})))
        project = project_of(judged, teacher, models(sour), "dataset.accept=12")
        result = await run(project, partial=True)
        assert result["exit"] == 3
        unscored = dropped_of(result, "unscored")
        assert unscored.height == result["owed"] > 0
        assert all("refused after 1 sends" in detail for detail in unscored["detail"])


async def test_a_verdict_that_cannot_be_read_is_asked_once_more(judged: Path) -> None:
    """Cut off the first time, read the second; cut off twice, unscored: nobody guesses and nobody asks a third time."""
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        hasty = await stack.enter_async_context(serve(Script(seed=2, faults={"length": 0.4})))
        result = await run(project_of(judged, teacher, models(hasty), "dataset.accept=12"))
        assert result["exit"] == 0
        sends = Counter(hasty.ledger.sends.values())
        assert set(sends) == {1, 2}
        unscored = dropped_of(result, "unscored")
        assert 0 < unscored.height < sends[2]
        assert all("j0: cut off" in detail for detail in unscored["detail"])
        kept = await run(
            project_of(
                judged,
                teacher,
                models(hasty),
                "dataset.accept=12",
                "gates=[schema, {judge: {at_least: 1, unscored: keep}}]",
            ),
            "curate",
        )
        assert dropped_of(kept, "unscored").height == 0
        assert samples_of(kept)["score_judge"].null_count() > 0


async def test_verdicts_come_by_batch_too(judged: Path) -> None:
    """The teacher live, the judge by batch: rows are left at the host and found again; each is paid once."""
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        night = await stack.enter_async_context(serve(Script(batch=BatchScript())))
        live = await run(project_of(judged, teacher, models(teacher), "dataset.accept=12", home=judged.parent / "live"))
        more = ", mode: batch, batch: {poll_s: 0.02, grace_s: 0, rows: 12}"
        project = project_of(judged, teacher, models(night, more=more), "dataset.accept=12")
        for _ in range(20):
            try:
                result = await run(project)
                break
            except InBatches:
                night.desk.clock.step(2 * 3600)
        assert result["exit"] == 0
        assert len(night.desk.batches) >= 2
        assert not night.ledger.sends
        assert set(night.ledger.billed.values()) == {1}
        data = [(Path(one["folder"]) / "train.jsonl").read_bytes() for one in (live, result)]
        assert data[0] == data[1]
        assert len(data[0]) > 100


async def test_a_budget_stops_the_judges_and_a_larger_one_goes_on(judged: Path) -> None:
    """Exit 5 in the midst of the verdicts; nothing that was paid is paid again."""
    async with AsyncExitStack() as stack:
        teacher, judge = [await stack.enter_async_context(serve()) for _ in range(2)]
        sets = [models(judge, more=", limits: {in_flight: 2}"), "dataset.accept=12"]
        with pytest.raises(BudgetReached):
            await run(project_of(judged, teacher, *sets, "budget.usd=0.006"))
        assert len(judge.ledger.billed) > 0
        assert teacher.ledger.usd + judge.ledger.usd <= 0.006
        result = await run(project_of(judged, teacher, *sets, "budget.usd=1"))
        assert result["exit"] == 0
        assert set(judge.ledger.billed.values()) == {1}
        assert result["usd"] == pytest.approx(teacher.ledger.usd + judge.ledger.usd)


async def test_a_budget_needs_the_price_of_each_judge(judged: Path) -> None:
    unpriced = "judge.models=[{model: nobody-knows, base_url: 'http://127.0.0.1:9/v1'}]"
    async with serve() as server:
        with pytest.raises(UsageError, match=r"'nobody-knows'.*give judge.models\[0\].price"):
            await run(project_of(judged, server, unpriced, "budget.usd=1"))


async def test_a_plan_counts_the_judges_with_and_without_a_pilot(judged: Path) -> None:
    """Without one, ceilings; with one, some answers are judged for real, and their verdicts serve the run."""
    async with AsyncExitStack() as stack:
        teacher, judge = [await stack.enter_async_context(serve()) for _ in range(2)]
        project = project_of(judged, teacher, models(judge), "dataset.accept=12")
        rows = (await asyncio.to_thread(planning.plan, project))["spenders"]
        assert [row["spender"] for row in rows] == ["teacher", "judge j0"]
        assert rows[1]["to_send"] == rows[0]["to_send"] > 0
        assert rows[1]["prompt_tokens"] > rows[0]["to_send"] * 256
        assert rows[1]["usd_at_most"] > 0
        assert not judge.ledger.entries
        found = await asyncio.to_thread(lambda: planning.plan(project, pilot=8))
        row = found["spenders"][1]
        assert 0 < row["in_store"] == len(judge.ledger.entries) <= 8
        assert row["share_expected"] == row["in_store"] / 8
        assert row["usd_expected"] < row["usd_at_most"]
        assert any("the gates before it let pass" in line for line in plan_lines.lines(found))
        assert found["warnings"] == []
        assert found["pilot"]["passed_gates"] <= row["in_store"]
        await run(project)
        assert set(judge.ledger.billed.values()) == {1}


async def test_the_teacher_itself_judges_where_none_is_named_and_everybody_is_told(judged: Path) -> None:
    async with serve() as server:
        project = project_of(judged, server, "dataset.accept=8", f"{GATES[:-1]}, toxicity]")
        assert [warning[:39] for warning in judging.warnings(project)] == ["Judge and teacher are one model, t: mod"]
        plan = await asyncio.to_thread(planning.plan, project)
        assert any(line.startswith("warning: Judge and teacher") for line in plan_lines.lines(plan))
        result = await run(project, *ORDER)
        assert "Judge and teacher are one model" in (Path(result["folder"]) / "REPORT.md").read_text()
        samples = samples_of(result)
        assert {"score_judge", "score_toxicity", "toxicity_harmless"} <= set(samples.columns)
        judged_rows = samples.filter(pl.col("verdicts_judge").is_not_null())
        assert (
            judged_rows["verdicts_toxicity"].null_count()
            == dropped_of(result, "low_score").filter(pl.col("stage") == "judge").height
        )
        spent = [row["spender"] for row in spend_of(result)]
        assert spent == ["teacher", "judge t"]


def spend_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    return list(json.loads((Path(result["folder"]) / "report.json").read_bytes())["spend"])


async def test_the_gold_answer_is_shown_where_the_spec_says_so(judged: Path) -> None:
    async with serve() as server:
        for reference in ("false", "true"):
            project = project_of(judged, server, models(server), "dataset.accept=6", f"judge.reference={reference}")
            await run(project)
            with opened(project.store_path) as store:
                sent = [body for (body,) in store.query("SELECT request FROM answers") if "verdict" in body]
            assert any("<<<reference" in body for body in sent) == (reference == "true")


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["judge=null"], "the gate `judge` needs a group `judge:`"),
        (["gates=[schema]"], "no gate asks it; add `judge`, `toxicity` or `refusal: {judge: true}` to `gates`"),
        (["gates=[refusal]"], "no gate asks it"),
        (
            ["gates=[{refusal: {judge: true, at_least: {answred: 4}}}]"],
            "no dimension 'answred'; did you mean 'answered'?",
        ),
        (
            ["gates=[{toxicity: {at_least: {harmles: 4}}}]", "judge=null"],
            "no dimension 'harmles'; did you mean 'harmless'?",
        ),
        (["gates=[{refusal: {judge: perhaps}}]"], "`judge` is 'perhaps': input should be a valid boolean"),
        (["gates=null"], "no gate asks it"),
        (["judge.prompt=jugde.md"], "jugde.md: no such file; the folder holds judge.md"),
        (["judge.dimensions={}"], "judge.dimensions: none is named"),
        (["judge.dimensions={Correct: x}"], "string should match pattern"),
        (["gates=[{judge: {at_least: 9}}]"], "`at_least` is 9: input should be less than or equal to 5"),
        (["gates=[{judge: {at_least: {corect: 4}}}]"], "no dimension 'corect'; did you mean 'correct'?"),
        (["gates=[{judge: {unscored: maybe}}]"], "`unscored` is 'maybe'"),
        (["gates=[{judge: {atleast: 3}}]"], "unknown setting 'atleast'; did you mean 'at_least'?"),
        (["judge.models=[{model: a}, {model: a}]"], "judge.models[1]: asks 'a' the very same as judge.models[0]"),
        (["judge.models=[{model: a, sampling: {draws: 2}}]"], "a judge gives one verdict"),
        (["judge.models=[{model: a, headers: {x-team: $NOBODY}}]"], "the variable $NOBODY is not set"),
    ],
)
def test_what_is_wrong_with_a_judge_is_said_before_anything_is_paid(judged: Path, sets: list[str], said: str) -> None:
    with pytest.raises(SpecError) as fault:
        open_project(judged, overrides=sets, env={})
    assert said in str(fault.value)


@pytest.mark.parametrize(
    ("text", "said"), [("Is\n{{message}} it?", "judge.md:2: the rubric takes no variables"), (" \n", "it is empty")]
)
def test_a_rubric_is_plain_text(judged: Path, text: str, said: str) -> None:
    (judged.parent / "judge.md").write_text(text)
    with pytest.raises(SpecError, match=said):
        open_project(judged, env={})


def test_toxicity_needs_no_group_and_no_file(task: Path) -> None:
    project = open_project(task, overrides=["gates=[toxicity]"], env={})
    result = running.start(project, stages=ORDER[:2], watch=Silent())
    assert result["exit"] == 0
    assert samples_of(result).filter(pl.col("fate") != "dropped")["toxicity_harmless"].min() >= 4


async def judging_began(judge: Server, count: int) -> None:
    """Wait until so many verdicts were asked for."""
    async with asyncio.timeout(30):
        for _ in range(3000):
            if len(judge.ledger.entries) >= count:
                return
            await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_a_run_that_is_killed_while_it_judges_ends_in_the_same_bytes(judged: Path, tmp_path: Path) -> None:
    """kill -9 twice in the midst of the verdicts, then a Ctrl-C; at most what was in flight is asked again."""
    text = await asyncio.to_thread(judged.read_text)
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(serve())
        judge = await stack.enter_async_context(serve(Script(latency_s=0.1)))
        calm = await run(project_of(judged, teacher, models(teacher), "dataset.accept=12", home=tmp_path / "calm"))
        spec = yaml.safe_load(text)
        spec["teacher"] |= {"model": "t", "base_url": teacher.base_url, "price": {"input": 1, "output": 1}}
        spec["judge"]["models"] = [
            {"model": "j0", "base_url": judge.base_url, "price": {"input": 1, "output": 1}, "limits": {"in_flight": 3}}
        ]
        spec["dataset"] = {"accept": 12}
        await asyncio.to_thread(judged.write_text, yaml.safe_dump(spec))
        ended = []
        for wanted, how in ((3, signal.SIGKILL), (9, signal.SIGKILL), (15, signal.SIGINT), (None, None)):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "distill",
                "run",
                str(judged),
                env=os.environ | ENV,
                stderr=asyncio.subprocess.PIPE,
            )
            if wanted is not None and how is not None:
                await judging_began(judge, wanted)
                process.send_signal(how)
            _, said = await process.communicate()
            ended.append(process.returncode)
        assert ended == [-9, -9, 130, 0], said.decode()
        folder = judged.parent / "runs" / "mood" / "001"
        assert (folder / "train.jsonl").read_bytes() == (Path(calm["folder"]) / "train.jsonl").read_bytes()
        assert sum(judge.ledger.sends.values()) <= len(judge.ledger.sends) + 2 * 3
        with sqlite3.connect(judged.parent / ".distill" / "answers.db") as db:
            assert db.execute("SELECT count(*) FROM attempts WHERE settled IS NULL").fetchone()[0] <= 6
