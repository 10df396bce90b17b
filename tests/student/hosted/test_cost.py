"""What a hosted training costs, from its quote to its row in the ledger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.errors import BudgetReached
from distill.money import Budget
from distill.protocol.job_states import State
from distill.records import Ended
from distill.student.hosted import cost as training_cost
from distill.student.hosted.cost import TrainingCost
from distill.student.hosts.host import PriceQuote, RemoteJob
from distill.teacher.store.store import Store, opened


def cost(store: Store, budget: Budget) -> TrainingCost:
    return TrainingCost(store, "mood/001", "key", budget, training_cost.quoted(1000, 2, 500.0), 500.0)


def job(state: State, tokens: int | None = None, usd: float | None = None) -> RemoteJob:
    return RemoteJob("j", state.value, state, "m", tokens, usd)


def test_a_quote_is_tokens_by_epochs_by_price() -> None:
    row = {"messages": [{"role": "user", "content": "hello there"}, {"role": "assistant", "content": "hi"}]}
    lines = [json.dumps(row).encode(), json.dumps(row | {"tools": [{"name": "x"}]}).encode()]
    bare = training_cost.tokens_of(lines[:1], "gpt-4o")
    assert training_cost.tokens_of(lines, "gpt-4o") > 2 * bare > 0
    quote = training_cost.quoted(1000, 3, 2.0)
    assert (quote.tokens, quote.usd) == (3000, 0.006)
    assert training_cost.most(quote) == pytest.approx(0.0066)
    assert training_cost.most(PriceQuote(1, 5.0, "the host's own estimate")) == 5.0
    assert "an unknown price" in training_cost.quote_line(training_cost.quoted(10, 1, None), "m")


async def test_a_killed_training_is_paid_for_once_in_the_budget(tmp_path: Path) -> None:
    """The next process starts with the reservation as spent, begins nothing anew, and ends with what it cost."""
    with opened(tmp_path / "a.db") as store:
        first = Budget(2.0)
        await cost(store, first).begin(None)
        assert first.reserved == pytest.approx(1.1)
        budget = Budget(2.0, store.spent("mood/001"))
        again = cost(store, budget)
        again.check(None)
        await again.begin(None)
        assert (budget.spent, budget.reserved) == (pytest.approx(1.1), 0)
        await again.end(again.end_of(job(State.COMPLETED, 1800)))
        assert (budget.spent, store.spent("mood/001")) == (pytest.approx(0.9), pytest.approx(0.9))


async def test_a_budget_that_is_spent_holds_a_training_back(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store, pytest.raises(BudgetReached, match="training may cost"):
        cost(store, Budget(2.0, 1.0)).check(None)


@pytest.mark.parametrize(
    ("ended", "usd", "word"),
    [
        (job(State.COMPLETED, 1000), 0.5, Ended.OK),
        (job(State.COMPLETED, 1000, 0.7), 0.7, Ended.OK),
        (job(State.FAILED), 0.0, Ended.REFUSED),
        (job(State.FAILED, 1000), 0.5, Ended.REFUSED),
        (job(State.CANCELLED), 1.1, Ended.TIMEOUT),
    ],
    ids=["tokens", "host-says", "failed", "failed-late", "cancelled"],
)
def test_a_job_costs_what_the_host_says_or_its_tokens(ended: RemoteJob, usd: float, word: Ended) -> None:
    found = training_cost.end_of(ended, 500.0, 1.1)
    assert (found.usd, found.ended) == (usd, word)


def test_no_price_and_no_word_of_the_host_is_an_unknown_sum() -> None:
    assert training_cost.end_of(job(State.COMPLETED, 1000), None, 0.0).usd is None
