"""A student that a host tunes, from the run's side: what is kept, what it costs, and what a host says of rows."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
import together_host
import tuning_host
from ended import Distill

from distill.errors import AccessRefused, BudgetReached
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.student.hosted.cancel import cancelled
from distill.student.hosts.job import TuneError
from distill.task import stores
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.teacher.store.queries import SpenderTotals, spender_totals
from distill.views import status as reading

BOTH = pytest.mark.parametrize("double", [tuning_host, together_host], ids=["openai", "together"])
TRAIN = ORDER[:4]


class Told(Silent):
    def __init__(self) -> None:
        self.lines = list[str]()
        self.steps = list[tuple[int, int]]()

    def training(self, *, step: int, steps: int, **_: Any) -> None:
        self.steps.append((step, steps))

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def spec(task: Path) -> Path:
    """The task with a hosted student that is trained and not compared."""
    task.write_text(task.read_text().replace("train: {with: none}", "train: {with: hosted, base: tiny, poll_s: 0.01}"))
    return task


def opened(spec: Path, host: Any, *sets: str) -> Any:
    theirs = isinstance(host, together_host.TogetherDouble)
    where = [f"student.train.base_url={host.base_url}", f"student.train.host={'together' if theirs else 'openai'}"]
    env = {"TOGETHER_API_KEY": together_host.KEY, "OPENAI_API_KEY": "sk-1"}
    return open_task(spec, overrides=[*where, *sets], env=env)


async def trained(spec: Path, host: Any, *sets: str, watch: Silent | None = None) -> Run:
    return await running.work(opened(spec, host, *sets), stages=TRAIN, watch=watch or Silent())


def training(spec: Path, run: str = "mood/001") -> SpenderTotals | None:
    with stores.reading(spec.parent) as db:
        return next((row for row in spender_totals(db, run) if row.spender == "training"), None)


@BOTH
async def test_a_training_is_quoted_before_and_stands_in_the_ledger_after(spec: Path, double: ModuleType) -> None:
    told = Told()
    async with double.serve() as host:
        result = await trained(spec, host, "student.train.train_price=4", watch=told)
        await trained(spec, host, "student.train.train_price=4")
    quote = next(line for line in told.lines if "training tiny on about" in line)
    assert "at most $0." in quote
    assert told.lines.index(quote) < next(n for n, line in enumerate(told.lines) if "reated" in line)
    kept, row = json.loads((result.folder / "student" / "hosted.json").read_text()), training(spec)
    assert row is not None
    assert (row.sends, row.answered, row.unknown, row.estimated) == (1, 1, 0, 0)
    assert row.prompt_tokens == kept["trained_tokens"] > 0
    assert row.usd == pytest.approx(kept["usd"] or kept["trained_tokens"] * 4 / 1e6)
    assert result.usd == pytest.approx(row.usd)
    assert [line.usd for line in reading.status(spec, []).ledger if line.spender == "training"] == [
        pytest.approx(row.usd)
    ]
    assert kept["checkpoints"][0]["step"] == 2
    losses = told.steps if double is tuning_host else [line for line in told.lines if "training loss" in line]
    assert len(losses) == 2


async def test_a_budget_stops_before_anything_is_uploaded(spec: Path) -> None:
    base = "student.train.price={input: 0, output: 0}"
    async with tuning_host.serve() as host:
        with pytest.raises(BudgetReached, match=r"training may cost \$[1-9].*No job was made") as stopped:
            await trained(spec, host, base, "student.train.train_price=90000", "budget.usd=1")
        assert (host.files, host.creates, stopped.value.exit_code) == ({}, 0, 5)
        assert training(spec) is None
        assert (await trained(spec, host, base, "student.train.train_price=1", "budget.usd=1")).exit_code == 0
        assert host.creates == 1


async def test_togethers_own_estimate_is_held_against_the_budget(spec: Path) -> None:
    """No price in the spec: the host is asked once the files are there, before a job is made."""
    price = "student.train.price={input: 0, output: 0}"
    async with together_host.serve() as host:
        with pytest.raises(BudgetReached, match="No job was made"):
            await trained(spec, host, price, "budget.usd=0.0000001")
        host.estimates = False
        with pytest.raises(ValueError, match=r"the host gives no price.*train_price"):
            await trained(spec, host, price, "budget.usd=1")
        assert (host.creates, training(spec)) == (0, None)


async def test_a_budget_without_a_price_of_training_is_refused_at_once(spec: Path) -> None:
    async with tuning_host.serve() as host:
        with pytest.raises(ValueError, match=r"no price is known for training.*train_price"):
            await trained(spec, host, "student.train.price={input: 0, output: 0}", "budget.usd=1")


@BOTH
async def test_a_job_that_the_host_does_not_make_costs_nothing(spec: Path, double: ModuleType) -> None:
    async with double.serve() as host:
        with pytest.raises(AccessRefused, match="Ways on"):
            await trained(spec, host, "student.train.base=closed-tiny", "student.train.train_price=4")
    row = training(spec)
    assert row is not None
    assert (row.usd, row.unknown) == (0, 0)


async def test_a_failure_names_the_rows_on_its_lines(spec: Path) -> None:
    async with together_host.serve() as host:
        with pytest.raises(TuneError) as told:
            await trained(spec, host, "student.train.base=fail-tiny")
    rows = pl.read_parquet(spec.parent / "runs" / "mood" / "001" / "dataset.parquet").filter(fate="train")
    assert (
        f"Error on line 3: the conversation is empty; fix that and run again (line 3 is row {rows['seed_id'][2]})"
        in str(told.value)
    )


@BOTH
async def test_a_job_is_cancelled_by_a_command_and_settled(spec: Path, double: ModuleType) -> None:
    """While another process waits for it: that one is told, and the next run makes a new job."""
    queued = asyncio.Event()

    class Watches(Silent):
        def say(self, text: str) -> None:
            if "Now queued" in text:
                queued.set()

    async with double.serve() as host:
        assert await cancelled(opened(spec, host)) is None
        sets = ["student.train.train_price=4", "student.train.poll_s=0.7"]
        waits = asyncio.ensure_future(trained(spec, host, *sets, watch=Watches()))
        async with asyncio.timeout(30):
            await queued.wait()
        job = await cancelled(opened(spec, host, "student.train.train_price=4"))
        assert job is not None
        assert job.word == "cancelled"
        row = training(spec)
        assert row is not None
        assert (row.unknown, row.usd > 0, row.estimated) == (0, True, 1)
        with pytest.raises(TuneError, match="was cancelled at the host"):
            await waits
        await trained(spec, host)
        assert (host.creates, len(host.jobs)) == (2, 2)


async def test_there_is_nothing_to_cancel_of_a_training_here(task: Path, distill: Distill) -> None:
    done = distill("train", str(task), "--cancel")
    assert done.code == 2
    assert "--cancel is for a job at a host" in done.err


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        (["student.train.extra={training_file: x}"], "training_file cannot stand in it"),
        (["student.train.host=together", "student.train.learning_rate_multiplier=2"], "Together knows none"),
        (
            ["student.train.host=together", f"student.train.suffix={'s' * 30}"],
            "30 letters; with host: together at most 28",
        ),
        (["student.train.extra={a: .nan}"], "a value that JSON does not"),
        (["student.train.host=elsewhere"], "elsewhere"),
    ],
    ids=str,
)
def test_settings_that_a_host_does_not_take_are_faults(spec: Path, sets: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        open_task(spec, overrides=sets, env={})


async def test_a_missing_key_is_named_by_its_variable(spec: Path) -> None:
    async with together_host.serve() as host:
        where = [
            f"student.train.base_url={host.base_url}",
            "student.train.host=together",
            "student.train.key_env=NO_SUCH",
        ]
        with pytest.raises(AccessRefused, match=r"NO_SUCH|Invalid API key"):
            await running.work(open_task(spec, overrides=where, env={}), stages=TRAIN, watch=Silent())


@BOTH
async def test_preference_pairs_train_by_dpo(spec: Path, double: ModuleType) -> None:
    """Those that an export has written; without them the next move is named."""
    turn = {"role": "assistant", "content": "glad"}
    pair = {
        "input": {"messages": [{"role": "user", "content": "hi"}]},
        "preferred_output": [turn],
        "non_preferred_output": [turn],
    }
    async with double.serve() as host:
        with pytest.raises(ValueError, match=r"export mood --format openai-preference"):
            await trained(spec, host, "student.train.method=dpo")
        folder = spec.parent / "runs" / "mood" / "001" / "formats" / "openai-preference"
        folder.mkdir(parents=True)
        (folder / "train.jsonl").write_text((json.dumps(pair) + "\n") * 12)
        await trained(spec, host, "student.train.method=dpo")
    (job,) = host.jobs.values()
    assert "dpo" in job.get("method", job.get("training_method")).values()
    assert not job.get("validation_file")


def test_a_hosts_price_of_training_is_known_where_it_is_public(spec: Path) -> None:
    """A budget over OpenAI's bases needs none in the spec."""
    sets = ["student.train.base=gpt-4o-mini-2024-07-18", "budget.usd=1"]
    assert open_task(spec, overrides=sets, env={}).spec.budget.usd == 1
    with pytest.raises(ValueError, match="no price is known for training"):
        open_task(spec, overrides=[*sets, "student.train.base_url=http://127.0.0.1:9/v1"], env={})
