"""Answers of one endpoint, once it stands in a list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from distill.records import Answer, Ended, Request, Usage
from distill.teacher.endpoint.address import Address
from distill.teacher.store.adoption import adopt
from distill.teacher.store.store import Store, opened

A, B = "http://a:8000/v1", "http://b:8000/v1"
ALONE = Address("m", A)
LISTED = Address("m", A, listed=(A, f"{B}/"))


def asked(address: Address, text: str, model: str = "m") -> Request:
    return Request(address.identity, {"model": model, "messages": [{"role": "user", "content": text}]})


async def answer(store: Store, request: Request, text: str) -> None:
    attempt = await store.intend(request, run="t/001", spender="teacher", reserved_usd=0.0)
    await store.settle(attempt, request, Answer(request.id, Ended.OK, text, "stop", Usage(7, 3), 0.25, raw="{}"))


async def test_an_answer_of_an_endpoint_is_found_by_the_list_that_it_joins(tmp_path: Path) -> None:
    """As it was, and what was kept stays where it is; a model or an endpoint that is not in the list is not looked at."""
    with opened(tmp_path / "a.db") as store:
        for text in ("one", "two"):
            await answer(store, asked(ALONE, text), text.upper())
        await answer(store, asked(Address("m", "http://c/v1"), "three"), "THREE")
        await answer(store, asked(ALONE, "four", model="other"), "FOUR")
        assert adopt(store, [LISTED, ALONE]) == 2
        found = store.get(asked(LISTED, "one").id)
        kept = store.get(asked(ALONE, "one").id)
        assert found is not None
        assert kept is not None
        assert replace(found, request_id=kept.request_id) == kept
        assert [store.get(asked(LISTED, text).id) for text in ("three", "four")] == [None, None]


async def test_each_row_is_looked_at_once_and_what_comes_later_is_found_too(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store:
        await answer(store, asked(ALONE, "one"), "ONE")
        assert [adopt(store, [LISTED]) for _ in range(2)] == [1, 0]
        await answer(store, asked(Address("m", B), "two"), "TWO")
        await answer(store, asked(Address("m", B), "one"), "of the other endpoint")
        assert [adopt(store, [LISTED]) for _ in range(2)] == [2, 0]
        assert [store.get(asked(LISTED, text).id).text for text in ("one", "two")] == ["ONE", "TWO"]  # type: ignore[union-attr]  # they are there
    with opened(tmp_path / "a.db") as store:
        assert adopt(store, [LISTED]) == 0


def test_one_endpoint_alone_takes_nothing_over(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store:
        assert adopt(store, [ALONE]) == 0
        assert not store.query("SELECT count(*) FROM adopted").fetchone()[0]
