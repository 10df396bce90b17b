"""The tune is asked each held-out row once, after its price was shown; one that is dark is distinguished from a key that is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import old_tunes
import pytest
import tuning_host
from tuning_jobs import TuningHost

from distill.adopt.answers import AnswersPrice, price_of, record
from distill.adopt.files import AdoptRequest, take
from distill.errors import AccessRefused, BudgetReached
from distill.money import Rate
from distill.pipeline.open_task import open_task
from distill.task.task import Task
from distill.teacher.progress import Silent

MODEL = "ft:tiny:acme:router:1x"


@pytest.fixture
async def host() -> AsyncIterator[TuningHost]:
    async with tuning_host.serve() as served:
        old_tunes.tuned(served, old_tunes.rows(40), old_tunes.rows(12, start=100))
        yield served


async def adopted(host: TuningHost, home: Path, *sets: str, price: Rate | None = None) -> Task:
    found = await take(AdoptRequest("ftjob-1", host.base_url, base="linear", price=price), home, {})
    return open_task(found.spec, env={"OPENAI_BASE_URL": host.base_url}, overrides=sets)


async def test_each_row_is_asked_once_and_priced_before(host: TuningHost, tmp_path: Path) -> None:
    task = await adopted(host, tmp_path, price=Rate(1.0, 2.0))
    price = await asyncio.to_thread(price_of, task)
    assert (price.requests, price.to_send) == (12, 12)
    assert price.usd_at_most is not None
    assert price.usd_at_most > 0
    assert host.questions == 0
    found = await record(task, Silent())
    assert (found.rows, found.answered, found.sent, found.whole, found.run) == (12, 12, 12, True, "router/001")
    assert found.usd is not None
    assert found.usd <= price.usd_at_most
    again = await record(task, Silent())
    assert (again.answered, again.sent, host.questions) == (12, 0, 12)
    assert (await asyncio.to_thread(price_of, task)).to_send == 0


async def test_the_budget_stops_it_and_what_was_paid_is_kept(host: TuningHost, tmp_path: Path) -> None:
    task = await adopted(host, tmp_path, "budget.usd=0.0003", price=Rate(1.0, 2.0))
    with pytest.raises(BudgetReached):
        await record(task, Silent())
    asked = host.questions
    assert 0 < asked < 12
    found = await record(await adopted(host, tmp_path, "budget.usd=1"), Silent())
    assert (found.answered, host.questions) == (12, 12)


async def test_a_tune_that_went_dark_is_told_and_a_refused_key_is_an_error(host: TuningHost, tmp_path: Path) -> None:
    task = await adopted(host, tmp_path)
    host.refused["/chat"] = 401
    with pytest.raises(AccessRefused):
        await record(task, Silent())
    host.refused.clear()
    host.dark.add(MODEL)
    assert (await record(task, Silent())).dark


@pytest.mark.parametrize(
    ("price", "max_usd", "covered"),
    [
        (AnswersPrice(5, 5, 0, None), None, True),
        (AnswersPrice(5, 0, 5, 0.0), None, True),
        (AnswersPrice(5, 0, 5, 0.2), None, False),
        (AnswersPrice(5, 0, 5, 0.2), 0.1, False),
        (AnswersPrice(5, 0, 5, 0.2), 0.2, True),
        (AnswersPrice(5, 0, 5, None), 9.0, False),
    ],
)
def test_only_what_a_limit_covers_goes_on_by_itself(price: AnswersPrice, max_usd: float | None, covered: bool) -> None:
    assert price.covered(max_usd) is covered
