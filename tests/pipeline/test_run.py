"""A whole run with the scripted teacher: every row accounted for, the same bytes again, nothing sent twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distill.cli.text.rows import history_lines
from distill.curate.accounting.conservation import RowTotal
from distill.curate.stage import outcome_text
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.plan import plan
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.views import explain, status


def run(task: Path, *sets: str, **how: Any) -> Run:
    return running.start(
        open_task(task, overrides=sets, env={}), stages=how.pop("stages", ORDER), watch=Silent(), **how
    )


def test_a_run_ends_in_a_report_and_a_second_one_does_nothing(task: Path) -> None:
    """All stages, exit 0; then every stage is unchanged and no request goes out."""
    first = run(task)
    assert first.exit_code == 0
    assert first.requests_sent > 0
    assert first.report.stat().st_size > 5000
    second = run(task)
    assert (second.done, second.requests_sent) == ([], 0)


def test_every_seed_is_in_the_dataset_or_has_a_reason(task: Path) -> None:
    """kept + dropped + test = read: no row vanishes and none is counted twice."""
    folder = run(task).folder
    samples = pl.read_parquet(folder / "samples.parquet")
    kept = set(samples.filter(pl.col("fate") != "dropped")["seed_id"])
    dropped = set(pl.read_parquet(folder / "dropped.parquet")["row"])
    test = set(pl.read_parquet(folder / "seeds.parquet").filter(pl.col("role") == "test")["seed_id"])
    assert len(kept) + len(dropped) + len(test) == 48
    assert kept.isdisjoint(dropped | test)
    assert dropped.isdisjoint(test)
    assert len(kept) == 20


class Lines(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text.strip())


def test_curation_and_export_say_what_came_of_them(task: Path) -> None:
    """The same sum as the funnel's, with the commonest reasons; and the rows of each file."""
    lines = Lines()
    running.start(open_task(task, env={}), stages=ORDER[:3], watch=lines)
    assert "20 of 22 rows in the dataset, 2 dropped: over_quota 2" in lines.said
    assert "train.jsonl 18, valid.jsonl 2, test.jsonl 12 rows" in lines.said


def test_reasons_are_cut_after_the_commonest() -> None:
    told = outcome_text(RowTotal(9, 99, 1, 60, 40), {"schema": 20, "length": 9, "refusal": 6, "dedup": 4, "leak": 1})
    assert (
        told == "60 of 100 rows in the dataset, 40 dropped: schema 20, length 9, refusal 6, dedup 4 and 1 more reasons"
    )
    assert outcome_text(RowTotal(9, 9, 0, 9, 0), {}) == "9 of 9 rows in the dataset, none dropped"


@pytest.mark.parametrize("in_flight", [1, 32])
def test_the_dataset_is_the_same_at_any_concurrency(
    task: Path, tmp_path_factory: pytest.TempPathFactory, in_flight: int
) -> None:
    """train.jsonl depends on spec, seeds and answers, not on the order in which they came."""
    import shutil

    other = tmp_path_factory.mktemp("other") / "copy"
    shutil.copytree(task.parent, other)
    one = run(task).folder / "train.jsonl"
    two = run(other / "task.yaml", f"teacher.limits.in_flight={in_flight}").folder / "train.jsonl"
    assert one.read_bytes() == two.read_bytes()


def test_a_changed_gate_sends_nothing(task: Path) -> None:
    """Thresholds come last: curating again costs no request."""
    run(task)
    result = run(task, "gates=[schema, {length: {max_tokens: 3}}]", stages=("curate",))
    assert (result.done, result.requests_sent) == (["curate"], 0)


def test_a_refresh_keeps_rows_and_test_rows(task: Path) -> None:
    """The next run has the same test rows and asks the same seeds."""
    old = run(task).folder
    result = run(task, "evaluate.margin=0.1", refresh=True)
    new = result.folder
    assert new.name == "002"
    assert result.requests_sent == 0
    seeds = [pl.read_parquet(folder / "seeds.parquet").select("seed_id", "role") for folder in (old, new)]
    assert seeds[0].equals(seeds[1])


def test_a_plan_without_a_pilot_sends_nothing_and_counts_what_the_store_holds(task: Path) -> None:
    """Before: all to send. After: all held."""
    before = plan.plan(open_task(task, env={})).spenders[0]
    run(task)
    after = plan.plan(open_task(task, env={})).spenders[0]
    assert before.to_send == before.requests > 0
    assert after.in_store == after.requests == before.requests


async def test_an_answer_that_was_cut_off_is_asked_for_once_more_where_the_spec_says_so(task: Path) -> None:
    """Without `raise_to` it is dropped with its reason; with it, a second request of more tokens takes its place."""
    from distill.testing.fault_server import Script, serve

    cut = ["gates=[finish_reason]", "teacher.model=m", "teacher.output=null"]
    dropped = []
    async with serve(Script(faults={"length": 0.4})) as server:
        env = {"OPENAI_BASE_URL": server.base_url}
        for sets in ([], ["teacher.sampling.raise_to=512"]):
            home = task.parent / f"home{len(sets)}"
            opened = open_task(task, overrides=[*cut, *sets], env=env, home=home)
            result = await running.work(opened, stages=("generate", "curate"), watch=Silent())
            rows = pl.read_parquet(result.folder / "dropped.parquet")
            dropped.append(rows.filter(reason="finish_reason").height)
    assert dropped[0] > dropped[1]


async def test_rows_that_are_owed_are_asked_for_again_and_no_others(task: Path) -> None:
    """Half of the calls are refused: exit 3, the rest is kept. The endpoint mended, the same command asks only for those."""
    from distill.errors import RowsOwed
    from distill.testing.fault_server import Script, serve

    async with serve(Script(faults={"422": 0.5})) as server:
        env = {"OPENAI_BASE_URL": server.base_url}
        opened_task = open_task(task, overrides=["teacher.model=m", "gates=[finish_reason]"], env=env)
        with pytest.raises(RowsOwed, match="could not be answered"):
            await running.work(opened_task, stages=ORDER, watch=Silent())
        asked = pl.read_parquet(task.parent / "runs" / "mood" / "001" / "asked.parquet")
        told = [explain.explain(task.parent, "mood", seed) for seed in asked["seed_id"]]
        lost = [row for row in told if row.owed]
        assert lost
        assert all(row.owed[0].sends[0].ended == "refused" for row in lost)
        assert "refused" in "\n".join(history_lines(lost[0]))
        partial = await running.work(opened_task, stages=ORDER[:3], watch=Silent(), partial=True)
        assert partial.exit_code == 3
        server.script = Script()
        paid = set(server.ledger.billed)
        result = await running.work(opened_task, stages=ORDER, watch=Silent())
        assert (result.exit_code, result.pending) == (0, 0)
        assert set(server.ledger.billed) > paid
        assert set(server.ledger.billed.values()) == {1}
        sent = len(server.ledger.entries)
        assert (await running.work(opened_task, stages=ORDER, watch=Silent())).requests_sent == 0
        assert len(server.ledger.entries) == sent


def test_status_reads_a_store_of_an_older_version(task: Path) -> None:
    """The first look after an upgrade is as good as any."""
    import sqlite3

    from distill.teacher.store.migrations import MIGRATIONS

    first = run(task)
    store = task.parent / ".distill" / "answers.db"
    store.unlink()
    with sqlite3.connect(store) as db:
        db.executescript(MIGRATIONS[0] + "PRAGMA user_version=1;")
    found = status.status(task, [])
    assert (found.run, found.ledger, found.batches) == (first.name, [], [])


async def test_what_the_endpoint_marks_as_declined_never_trains_whatever_the_gates(task: Path) -> None:
    """Kept in the store, since it was paid for; a row of dropped.parquet; not owed, and not asked again."""
    from distill.testing.fault_server import Script, serve

    async with serve(Script(faults={"refusal": 0.3, "filtered": 0.2})) as server:
        task = open_task(
            task, overrides=["teacher.model=m", "gates=[finish_reason]"], env={"OPENAI_BASE_URL": server.base_url}
        )
        result = await running.work(task, stages=ORDER[:3], watch=Silent())
        sent = len(server.ledger.entries)
        await running.work(task, stages=ORDER[:3], watch=Silent())
        assert len(server.ledger.entries) == sent
    folder = result.folder
    assert (result.exit_code, result.pending) == (0, 0)
    declined = pl.read_parquet(folder / "dropped.parquet").filter(pl.col("reason") == "declined")
    assert declined.height > 5
    samples = pl.read_parquet(folder / "samples.parquet")
    assert not set(samples["request_id"]) & set(declined["request_id"])
    assert set(samples["finish_reason"]) == {"stop"}
