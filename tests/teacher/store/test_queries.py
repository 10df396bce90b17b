"""What an answer store says of its runs."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from distill.records import Answer, Ended, Request, Usage
from distill.teacher.store import queries
from distill.teacher.store.reader import reading
from distill.teacher.store.store import Store, opened

RUN = "t/001"


def asked(text: str) -> Request:
    return Request("somewhere", {"model": "m", "messages": [{"role": "user", "content": text}]})


async def send(store: Store, text: str, *, usd: float | None, priced: bool = True, error: str = "") -> Request:
    """One attempt with half a dollar reserved, settled unless `usd` is None."""
    request = asked(text)
    attempt = await store.intend(request, run=RUN, spender="teacher", reserved_usd=0.5, priced=priced)
    if usd is not None:
        ended = Ended.REFUSED if error else Ended.OK
        answer = Answer(request.id, ended, text, usage=Usage(10, 2), usd=usd, model="other", error=error)
        await store.settle(attempt, request, answer)
    return request


async def test_a_send_costs_its_price_or_what_is_reserved(tmp_path: Path) -> None:
    """In the ledger, the spending and the live calls alike; the last say nothing where a price is not known."""
    with opened(tmp_path / "a.db") as store:
        await send(store, "one", usd=0.25)
        await send(store, "two", usd=None)
        (row,) = queries.spender_totals(store.reader, RUN)
        assert (row.sends, row.answered, row.unknown, row.prompt_tokens) == (2, 1, 1, 10)
        assert row.usd == queries.spent_usd(store.reader, RUN) == pytest.approx(0.75)
        assert row.usd_estimated == pytest.approx(0.5)
        assert sum(span.usd or 0 for span in queries.live_spans(store.reader, RUN)) == pytest.approx(0.75)
        await send(store, "three", usd=0.0, priced=False)
        assert queries.unpriced_sends(store.reader, RUN) == 1


async def test_attempts_have_their_errors_as_they_came(tmp_path: Path) -> None:
    """Half an emoji is kept as hex; whoever reads it gets it back."""
    with opened(tmp_path / "a.db") as store:
        request = await send(store, "one", usd=0.1, error="no \ud83d here")
        assert [one.error for one in queries.attempts(store.reader, request.id)] == ["no \ud83d here"]
        (sent,) = queries.attempt_details(store.reader, request.id)
        assert (sent.error, sent.usd, sent.unpriced, sent.reserved_usd) == ("no \ud83d here", 0.1, False, 0.5)


async def test_a_request_is_found_by_its_beginning(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store:
        request = await send(store, "one", usd=0.1)
        await send(store, "two", usd=0.1)
        (found,) = queries.stored_requests(store.reader, request.id[:12])
        assert (found.request_id, found.endpoint, found.draw) == (request.id, "somewhere", 0)
        assert len(queries.stored_requests(store.reader, "")) == 2
        assert queries.stored_requests(store.reader, "zz") == []
        assert queries.named_models(store.reader, RUN, 10) == [queries.NamedModel("m", "other", 2)]


async def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with reading(path) as db:
        assert queries.spender_totals(db, RUN) == []
    assert not path.exists()
    with opened(path) as store:
        await send(store, "one", usd=0.1)
    with reading(path) as db:
        assert len(queries.spender_totals(db, RUN)) == 1
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("DELETE FROM attempts")
