"""The answer store: what was committed is there, once, whatever the text."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.errors import UsageError
from distill.records import Answer, Ended, Request, ToolCall, Usage
from distill.teacher.store.store import Store, opened


def asked(text: str = "hi") -> Request:
    return Request("somewhere", {"messages": [{"role": "user", "content": text}]})


async def keep(path: Path, request: Request, answer: Answer) -> None:
    with opened(path) as store:
        attempt = await store.intend(request, run="t/001", spender="teacher", reserved_usd=0.5)
        await store.settle(attempt, request, answer)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_comes_back(tmp_path: Path, text: str) -> None:
    """Lone surrogates, NULs and U+2028 survive the store exactly."""
    request = asked(text)
    asyncio.run(keep(tmp_path / "a.db", request, Answer(request.id, Ended.OK, text, text, Usage(1, 1), model=text)))
    with opened(tmp_path / "a.db") as store:
        found = store.get(request.id)
    assert found is not None
    assert (found.text, found.finish_reason, found.model) == (text, text, text)


def test_a_failure_is_kept_as_an_attempt_and_never_replayed(tmp_path: Path) -> None:
    """A row whose attempt failed is owed; the ledger has the attempt."""
    request = asked()
    asyncio.run(keep(tmp_path / "a.db", request, Answer(request.id, Ended.OVERLOADED, error="503")))
    with opened(tmp_path / "a.db") as store:
        assert store.get(request.id) is None
        assert [row.ended for row in store.attempts(request.id)] == ["overloaded"]


def test_an_unsettled_attempt_counts_at_its_reservation(tmp_path: Path) -> None:
    """A send that died with its process may have been billed: the budget assumes that it was."""

    async def die() -> None:
        with opened(tmp_path / "a.db") as store:
            await store.intend(asked(), run="t/001", spender="teacher", reserved_usd=0.5)

    asyncio.run(die())
    with opened(tmp_path / "a.db") as store:
        assert store.spent("t/001") == pytest.approx(0.5)
        assert store.ledger("t/001")[0].unknown == 1


def test_a_file_that_is_no_store_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """A user's wrong file gives a UsageError, not a database error."""
    (tmp_path / "a.db").write_bytes(b"this is no database at all, just some text" * 40)
    with pytest.raises(UsageError, match="answer store"), opened(tmp_path / "a.db"):
        pass


def test_everything_of_an_answer_comes_back(tmp_path: Path) -> None:
    """Calls, logprobs and each kind of token, not only the text."""
    request = asked()
    answer = Answer(
        request.id, Ended.OK, "", "tool_calls", Usage(9, 8, 3, 2, 5), 0.25, 1.5, "m", "no", "hm", status=200,
        tool_calls=(ToolCall("look", '{"id": "\ud800"}'),), logprobs=[{"token": "a"}],
    )  # fmt: skip
    asyncio.run(keep(tmp_path / "a.db", request, answer))
    with opened(tmp_path / "a.db") as store:
        assert store.get(request.id) == replace(answer, status=0)


async def test_writes_share_commits_and_no_commit_wakes_more_than_the_loop_can_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine hundred intents at once: some commits of at most 64, in their order, each with its own attempt."""
    transaction, sizes = Store._transaction, []

    def watched(store: Store, groups: list[Any]) -> list[int]:
        sizes.append(len(groups))
        return transaction(store, groups)

    monkeypatch.setattr(Store, "_transaction", watched)
    with opened(tmp_path / "a.db") as store:
        rows = [asked(str(number)) for number in range(900)]
        ids = await asyncio.gather(*(store.intend(r, run="t/001", spender="teacher", reserved_usd=0.0) for r in rows))
        assert [store.attempts(r.id)[0].run for r in rows] == ["t/001"] * 900
    assert ids == list(range(1, 901))
    assert (max(sizes), sum(sizes)) == (64, 900)
    assert len(sizes) < 20
