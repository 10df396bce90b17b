"""Dollars and open batches by task, from a real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.lifecycle.calendar.spending import spending_of
from distill.records import Answer, Ended, Request, Usage
from distill.task import stores
from distill.teacher.batch import journal
from distill.teacher.batch.journal import BatchEntry


def batch(key: str, run: str, rows: int, submitted: str | None, state: str) -> BatchEntry:
    return BatchEntry(
        key,
        run,
        "teacher",
        "http://host/v1",
        "m",
        rows,
        10,
        10,
        "2026-11-29T00:00:00+00:00",
        state,
        submitted=submitted,
    )


async def test_what_each_task_spent_under_all_its_names_and_has_at_hosts(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        for run, usd in (
            ("mood/001", 0.25),
            ("mood/plan", 0.5),
            ("mood/001 before 2026-11-01 00:00:00", 1.0),
            ("b/002", 2.0),
        ):
            asked = Request("at", {"model": run})
            attempt = await store.intend(asked, run=run, spender="teacher", reserved_usd=9.0)
            await store.settle(attempt, asked, Answer(asked.id, Ended.OK, "x", usage=Usage(1, 1), usd=usd, model="m"))
        await journal.enter(
            store, batch("k1", "mood/001", 40, "2026-11-29T22:10:00+00:00", "submitted"), [("r1", 0.125)]
        )
        await journal.enter(store, batch("k2", "mood/002", 2, "2026-11-28T22:10:00+00:00", "submitted"), [])
        await journal.enter(store, batch("k3", "b/002", 5, None, "creating"), [])
        await journal.enter(store, batch("k4", "b/001", 5, "2026-11-28T22:10:00+00:00", "collected"), [])
    found = spending_of(tmp_path)
    assert found.dollars("mood") == pytest.approx(1.875)
    assert (found.dollars("b"), found.dollars("unknown")) == (2.0, 0.0)
    assert (found.batches["mood"].batches, found.batches["mood"].rows) == (2, 42)
    assert found.batches["mood"].since == "2026-11-28T22:10:00+00:00"
    assert (found.batches["b"].rows, found.batches["b"].since) == (5, "")


async def test_an_unknown_price_is_no_price(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        asked = Request("at", {"model": "m"})
        attempt = await store.intend(asked, run="mood/001", spender="teacher", reserved_usd=0.0, priced=False)
        await store.settle(attempt, asked, Answer(asked.id, Ended.OK, "x", usage=Usage(1, 1), usd=0.0, model="m"))
    found = spending_of(tmp_path)
    assert (found.dollars("mood"), found.unpriced["mood"]) == (None, 1)
