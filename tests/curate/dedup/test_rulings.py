"""Near-duplicates that contradict each other: their teacher is asked again and the answers vote."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import forks
import polars as pl
import pytest
from contradictions import AGAIN, ALL, FILES, check_votes, hosted, opened, run

from distill.errors import BudgetReached, SpecError
from distill.pipeline import run as running
from distill.plan import plan as planning
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve


@pytest.mark.parametrize("votes", [4, 3])
def test_rows_in_conflict_are_asked_again_and_their_answers_vote(near_duplicates_task: Path, votes: int) -> None:
    """A majority stands, a tie abstains; near-duplicates that then agree become one row; the same run again asks nothing."""
    sets = (*AGAIN, f"dedup.more_votes={votes}")
    first = run(near_duplicates_task, *sets)
    folder = first.folder
    settled, abstained = check_votes(folder, votes)
    assert len(settled) > 4
    assert bool(abstained) == (votes == 3), "five votes for two moods cannot tie"
    dropped = pl.read_parquet(folder / "dropped.parquet")
    agreed = set(dropped.filter(stage="dedup", reason="near_duplicate")["row"]) & settled
    against = set(dropped.filter(stage="dedup", reason="conflict")["row"])
    assert agreed or abstained
    assert against <= settled
    funnel = {stage["stage"]: stage for stage in json.loads((folder / "funnel.json").read_bytes())["funnel"]}
    assert funnel["vote"]["dropped"]["outvoted"] > 0
    assert funnel["dedup"]["in"] == funnel["vote"]["kept"]
    before = {name: (folder / name).read_bytes() for name in FILES}
    again = run(near_duplicates_task, *sets)
    assert (again.requests_sent, again.done) == (0, [])
    (folder / "samples.parquet").unlink()
    assert run(near_duplicates_task, *sets, stages=("curate", "export")).requests_sent == 0
    assert {name: (folder / name).read_bytes() for name in FILES} == before
    fresh = run(near_duplicates_task, *sets, new=True)
    assert fresh.requests_sent == 0
    assert (fresh.folder / "asked.parquet").read_bytes() == (folder / "asked.parquet").read_bytes()


async def test_a_run_that_is_stopped_while_it_asks_again_ends_in_the_same_bytes(
    near_duplicates_task: Path, tmp_path: Path
) -> None:
    """Stopped by its budget in the first round and in the votes; every question is paid once."""
    whole = tmp_path / "whole"
    shutil.copytree(near_duplicates_task.parent, whole, ignore=shutil.ignore_patterns("whole"))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve())
        other = await stack.enter_async_context(serve())
        work = {"stages": ORDER[:3], "watch": Silent()}
        undisturbed = await running.work(hosted(whole / "task.yaml", server.base_url), **work)  # type: ignore[arg-type]  # one dict
        check_votes(undisturbed.folder, 4)
        for share in (0.2, 0.6, 0.8, 0.95):
            with pytest.raises(BudgetReached):
                await running.work(
                    hosted(near_duplicates_task, other.base_url, f"budget.usd={share * undisturbed.usd}"),
                    **work,  # type: ignore[arg-type]  # as above
                )
        result = await running.work(hosted(near_duplicates_task, other.base_url), **work)  # type: ignore[arg-type]  # as above
        assert len(other.ledger.entries) == len(server.ledger.entries)
        assert result.usd == pytest.approx(undisturbed.usd)
    for name in ("train.jsonl", "valid.jsonl"):
        assert (result.folder / name).read_bytes() == (undisturbed.folder / name).read_bytes(), name
    drops = [
        pl.read_parquet(one.folder / "dropped.parquet").select("row", "stage", "reason", "detail")
        for one in (result, undisturbed)
    ]
    assert drops[0].equals(drops[1])


@pytest.mark.slow
async def test_kills_while_rows_are_asked_again_change_no_byte(near_duplicates_task: Path, tmp_path: Path) -> None:
    """kill -9 in the first round and in the votes; then the same rows for the same reasons, and no answer bought anew."""
    whole, in_flight = tmp_path / "whole", 3
    shutil.copytree(near_duplicates_task.parent, whole, ignore=shutil.ignore_patterns("whole"))
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(serve())
        slow = await stack.enter_async_context(serve(Script(latency_s=0.05)))
        undisturbed = await running.work(hosted(whole / "task.yaml", host.base_url), stages=ORDER[:3], watch=Silent())
        needed = len(host.ledger.entries)
        sets = ["teacher.model=first", "teacher.price={input: 1, output: 1}", "teacher.sampling.seed=7", *AGAIN]
        sets += [f"teacher.base_url={slow.base_url}", f"teacher.limits.in_flight={in_flight}"]
        command = ["generate", str(near_duplicates_task), *(part for one in sets for part in ("--set", one))]
        for share in (0.3, 0.75):
            process = forks.distill(*command)
            async with asyncio.timeout(30):
                while len(slow.ledger.entries) < share * needed:  # noqa: ASYNC110 - the ledger is a list, with no event
                    await asyncio.sleep(0.01)
            assert process.returncode is None, "the run was over before it could be killed"
            process.kill()
            await process.communicate()
        slow.script = Script()
        finished = await running.work(hosted(near_duplicates_task, slow.base_url), stages=ORDER[:3], watch=Silent())
        assert needed <= len(slow.ledger.entries) <= needed + 2 * in_flight
    for name in ("train.jsonl", "valid.jsonl"):
        assert (finished.folder / name).read_bytes() == (undisturbed.folder / name).read_bytes(), name
    drops = [
        pl.read_parquet(one.folder / "dropped.parquet").select("row", "stage", "reason", "detail")
        for one in (finished, undisturbed)
    ]
    assert drops[0].equals(drops[1])


async def test_a_panel_takes_turns_at_the_votes(near_duplicates_task: Path) -> None:
    async with AsyncExitStack() as stack:
        one, two = [(await stack.enter_async_context(serve())).base_url for _ in range(2)]
        task = hosted(near_duplicates_task, one, f"teacher.panel=[{{model: second, base_url: '{two}'}}]")
        result = await running.work(task, stages=ORDER[:2], watch=Silent())
    asked = pl.read_parquet(result.folder / "asked.parquet").filter(kind="vote")
    each = asked.group_by("seed_id", "teacher").len()
    assert each.height > 4
    assert set(each["len"]) == {2}
    assert each.height == 2 * each["seed_id"].n_unique()


async def test_the_votes_come_from_the_teacher_that_a_row_came_to(near_duplicates_task: Path) -> None:
    """A row that the first one failed is asked again of the fallback alone; the run conserves its rows all the same."""
    async with AsyncExitStack() as stack:
        one = (await stack.enter_async_context(serve(Script(seed=3, faults={"refusal": 0.5})))).base_url
        two = (await stack.enter_async_context(serve())).base_url
        task = hosted(near_duplicates_task, one, f"teacher.fallback=[{{model: second, base_url: '{two}'}}]")
        result = await running.work(task, stages=ORDER[:2], watch=Silent())
    assert result.pending == 0
    asked = pl.read_parquet(result.folder / "asked.parquet")
    last = dict(asked.group_by("seed_id").agg(pl.col("teacher").max()).iter_rows())
    votes = asked.filter(kind="vote")
    assert set(votes["teacher"]) == {0, 1}
    assert all(last[seed] == teacher for seed, teacher in votes.select("seed_id", "teacher").iter_rows())
    assert set(votes.group_by("seed_id").len()["len"]) == {4}


def test_judged_rows_vote_with_the_answers_that_pass(near_duplicates_task: Path) -> None:
    """Every vote is judged before it counts, and an answer that a gate refuses has no say."""
    group = "judge={models: [{model: scripted}], dimensions: {fits: It fits.}, prompt: rubric.md}"
    (near_duplicates_task.parent / "rubric.md").write_text("A good answer names the mood.")
    result = run(near_duplicates_task, *AGAIN, group, "gates=[schema, {judge: {at_least: 1}}]")
    samples = pl.read_parquet(result.folder / "samples.parquet")
    assert samples.filter(kind="vote")["score_judge"].null_count() == 0
    check_votes(result.folder, 4)


def test_what_contradicts_an_approved_row_is_not_asked_again(near_duplicates_task: Path) -> None:
    """The approved row is right; the teacher's goes as a conflict with it."""
    rows = [json.loads(line) for line in (near_duplicates_task.parent / "seeds.jsonl").read_text().splitlines()]
    for row in rows:
        if row["message"].endswith("!"):
            del row["expected"]
    (near_duplicates_task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    folder = run(near_duplicates_task, *AGAIN, "seeds.gold_rows=train", "seeds.test={rows: 1, gold: true}").folder
    asked = pl.read_parquet(folder / "asked.parquet")
    assert set(asked["kind"]) == {"first"}
    lost = pl.read_parquet(folder / "dropped.parquet").filter(stage="dedup", reason="conflict")
    assert lost.height > 3
    assert lost["detail"].str.contains("the gold answer of").all()


def test_a_plan_counts_what_may_be_asked_again(near_duplicates_task: Path) -> None:
    """A ceiling: only rows with a near-duplicate can be in conflict."""
    plan = planning.plan(opened(near_duplicates_task, *AGAIN))
    row = plan.spenders[-1]
    folder = run(near_duplicates_task, *AGAIN).folder
    asked = pl.read_parquet(folder / "asked.parquet")
    sent = asked.filter(kind="vote").height
    assert row.spender == "teacher, asked again"
    assert row.requests % 4 == 0
    assert 0 < sent <= row.requests <= 4 * 48
    assert "rows have a near-duplicate" in plan.note
    assert "near-duplicate" not in planning.plan(opened(near_duplicates_task, *ALL)).note


def test_a_dataset_curated_before_its_rows_were_asked_again_says_so(near_duplicates_task: Path) -> None:
    """`curate` sends nothing: what is in conflict goes, and the next `generate` asks."""
    run(near_duplicates_task, *ALL)
    heard: list[str] = []

    class Heard(Silent):
        def say(self, line: str) -> None:
            heard.append(line)

    result = running.start(opened(near_duplicates_task, *AGAIN), stages=("curate",), watch=Heard())
    dropped = pl.read_parquet(result.folder / "dropped.parquet").filter(stage="dedup", reason="conflict")
    assert result.requests_sent == 0
    assert heard[0] == f"  {dropped.height} rows are in conflict and not asked again yet; `distill generate` asks"
    assert [line for line in heard[1:] if "rows of stratum" not in line and "rows in the dataset" not in line] == []
    run(near_duplicates_task, *AGAIN)
    check_votes(result.folder, 4)


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["teacher.sampling.temperature=0"], r"teacher.sampling.temperature: at 0 .* say abstain"),
        (["teacher.sampling.extra={temperature: 0}"], r"teacher.sampling.temperature: at 0"),
        (["teacher.sampling.extra={seed: 3}"], r"teacher.sampling.extra.seed: with one seed"),
        (["teacher.fallback=[{model: b, sampling: {temperature: 0}}]"], r"teacher.fallback\[0\].sampling.temperature"),
        (["dedup.compare=[]"], r"dedup.compare: no answers can be in conflict"),
        (["teacher.output=null", "gates=[finish_reason]"], r"dedup.compare: no answers can be in conflict"),
        (["dedup.more_votes=0"], r"more_votes"),
    ],
)
def test_asking_again_where_it_can_tell_nothing_is_a_fault_of_the_spec(task: Path, sets: list[str], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        opened(task, *AGAIN, *sets)
