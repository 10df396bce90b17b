"""The budget against a server that bills what it breaks: never passed in the server's own ledger, and ours agrees with it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from distill.errors import BudgetReached
from distill.money import Budget, Rate
from distill.records import Ended, Request
from distill.teacher import runner
from distill.teacher.endpoint import client
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.pace import Pace
from distill.teacher.requests import ceiling
from distill.teacher.runner import WorkerContext
from distill.teacher.store.store import opened
from distill.testing.fault_server import Ledger, Script, serve

RATE = Rate(3.0, 15.0)
LIMIT = 0.12
IN_FLIGHT = 16
BILLED = ("cut", "reset", "reset-unread", "half-close", "html", "empty", "not-json", "no-choices", "no-finish")
"""What a provider charges for and gives no answer to; hangs are in every mix."""
FREE = ("500", "502", "503", "529", "429", "429-ms")


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distill.teacher.retry.BASE_S", 0.01)


def asked(count: int = 250) -> list[Request]:
    """Rows of a few to sixty words, which the server repeats: answers of many prices, all below their ceiling."""
    return [
        Request("here", {"model": "m", "messages": [{"role": "user", "content": f"row {n}{' word' * (n * 7 % 60)}"}], "max_tokens": 100})
        for n in range(count)
    ]  # fmt: skip


def script(faults: dict[str, float], seed: int = 0) -> Script:
    return Script(seed=seed, faults=faults, retry_after_s=0.02, usd_per_million=(RATE.input, RATE.output))


def mix(seed: int) -> Script:
    """Hangs, two more faults that are billed and two that are not, of a share drawn for each."""
    draw = random.Random(seed)
    names = draw.sample(BILLED, 2) + draw.sample(FREE, 2)
    return script({name: draw.uniform(0.03, 0.15) for name in names} | {"hang": 0.02}, seed)


async def spend(
    path: Path, bad: Script, rows: Sequence[Request], *, budget: Budget, unknown: int = 30
) -> tuple[Ledger, bool]:
    """(the server's ledger, whether the budget was reached) after a run of patience without end."""
    reached = False
    async with serve(bad) as server:
        teacher = Endpoint("m", server.base_url, timeout_s=0.3, price=RATE.usd)
        with opened(path) as store:
            context = WorkerContext(
                teacher=teacher, store=store, run="t/001", spender="teacher", budget=budget, price=RATE.usd,
                pace=Pace(in_flight=IN_FLIGHT), attempts=30, unknown=unknown,
            )  # fmt: skip
            try:
                await runner.run(rows, context, in_flight=IN_FLIGHT)
            except BudgetReached:
                reached = True
            finally:
                await teacher.close()
    return server.ledger, reached


def check(path: Path, ledger: Ledger, rows: Sequence[Request], limit: float) -> None:
    """The wall, the booking of what gave no answer, and the price of each answer, all by the server's own counts."""
    assert ledger.usd <= limit + 1e-9, "the server billed more than the limit: the wall was passed"
    with sqlite3.connect(path) as db:
        sends = db.execute("SELECT request_id, ended, reserved_usd, estimated, usd FROM attempts").fetchall()
    assert sum(usd for *_, usd in sends) >= ledger.usd - 1e-9, "our ledger books less than the server billed"
    assert sum(usd for *_, usd in sends) <= limit + 1e-9
    price = {entry.key: entry.usd for entry in ledger.entries if entry.billed}
    key = {row.id: Request("", {"model": "m"} | dict(row.body)).id for row in rows}
    for request_id, ended, reserved, estimated, usd in sends:
        if ended == Ended.OK or (
            Ended(ended).maybe_billed and not estimated
        ):  # it says what it used, whatever came of it
            assert usd == pytest.approx(price[key[request_id]], abs=1e-12), (
                "an answer has another price than the server's"
            )
        else:
            assert usd == (reserved if Ended(ended).maybe_billed else 0), ended


@pytest.mark.parametrize("seed", range(6))
async def test_no_mix_of_faults_gets_past_the_wall(tmp_path: Path, seed: int) -> None:
    """A budget that is reached midway, with hangs, cuts, 429s and 500s on the way: not one call too many, to the cent."""
    ledger, reached = await spend(tmp_path / "a.db", mix(seed), asked(), budget=Budget(LIMIT))
    assert reached
    assert sum(entry.billed and bool(entry.fault) for entry in ledger.entries) >= 10, (
        "too few that were billed for nothing"
    )
    assert ledger.usd > LIMIT / 2
    check(tmp_path / "a.db", ledger, asked(), LIMIT)


async def test_an_endpoint_that_counts_more_tokens_than_we_do_is_booked_by_its_own_count(tmp_path: Path) -> None:
    """Half of the calls are billed for nothing, at three times the tokens that our tokeniser sees: after the first answers the
    ceilings are those of the endpoint, so that only calls sent before may pass the limit."""
    long = "internationalization " * 200
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"enum": ["glad", "cross"]}}}
    rows = [
        Request("here", {"model": "m", "messages": [{"role": "user", "content": f"{n} {long}"}], "max_tokens": 5, "response_format": form})
        for n in range(250)
    ]  # fmt: skip
    theirs = len(client.encode(rows[0].body)) // 4
    assert theirs > 2 * ceiling(rows[0]).prompt_tokens
    ledger, reached = await spend(tmp_path / "a.db", script({"cut": 0.5}), rows, budget=Budget(LIMIT * 4))
    assert reached
    dearest = max(entry.usd for entry in ledger.entries)
    assert ledger.usd <= LIMIT * 4 + IN_FLIGHT * dearest


class Forgetful(Budget):
    """A mutant: what gave no answer costs nothing."""

    def settle(self, reserved: float, usd: float) -> None:
        super().settle(reserved, 0.0 if usd == reserved else usd)


@pytest.mark.parametrize("mutant", ["the wall forgets what gave no answer", "the ledger books it at nothing"])
async def test_a_wall_with_a_hole_would_be_noticed(
    tmp_path: Path, mutant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With billed failures that are settled at nothing the same check fails."""
    budget = Budget(LIMIT)
    if mutant.startswith("the wall"):
        budget = Forgetful(LIMIT)
    else:
        monkeypatch.setattr(Ended, "maybe_billed", property(lambda _: False))
    bad = script({"cut": 0.3, "html": 0.2})
    ledger, reached = await spend(tmp_path / "a.db", bad, asked(), budget=budget)
    assert reached
    assert ledger.usd > LIMIT + IN_FLIGHT * max(entry.usd for entry in ledger.entries)
    with pytest.raises(AssertionError, match="the wall was passed"):
        check(tmp_path / "a.db", ledger, asked(), LIMIT)
