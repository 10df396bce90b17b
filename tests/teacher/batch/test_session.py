"""What a batch session keeps between its rounds: what was said, what is out, and what a row can cost at the most."""

from __future__ import annotations

from pathlib import Path

from rounds import ROWS, double, session_at

from distill.teacher.batch.journal import BatchEntry
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import opened


def made(model: str) -> BatchEntry:
    return BatchEntry("key", "t/001", "teacher", "here", model, 1, 1, 1, "2026-11-29T22:10:00+00:00", "submitted")


async def test_a_status_is_news_until_it_was_said(tmp_path: Path) -> None:
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store) as session:
                said = [session.is_news(made("m"), word) for word in ("validating", "validating", "in_progress")]
    assert said == [True, False, True]


async def test_a_batch_of_the_same_model_has_its_price(tmp_path: Path) -> None:
    """One of a model whose price is not known is counted at the session's."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store) as session:
                assert session.price_of(made("m")) is session.price
                assert session.price_of(made("a model of nobody")) is session.price
                assert session.price_of(made("gpt-4o-mini")) not in (None, session.price)


async def test_rows_of_another_spender_are_not_out(tmp_path: Path) -> None:
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with (
                session_at(server.base_url, store) as mine,
                session_at(server.base_url, store, spender="judge") as other,
            ):
                await run_round(mine, ROWS[:12])
                assert [batch.requests for batch in mine.out] == [12]
                assert other.out == []
