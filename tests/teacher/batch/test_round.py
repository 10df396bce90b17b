"""Batch sessions through every fault of the Batch API: each ends, answers what live calls answer, and pays no row twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from accounts import cleaned_up, names, paid_once
from rounds import ROWS, RUN, content, double, live, session_at, to_the_end

from distill.errors import AccessRefused, RowsOwed
from distill.teacher.batch import journal
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import opened
from distill.testing.batch.faults import BATCH_FAULTS

ALONE = [
    "upload-lost@1", "create-lost", "create-500", "invalid-lines=0.1", "token-limit@1", "poll-500", "lost-once", "lost@2",
    "all-errors@1", "expired=0.5", "cancelled=0.5", "empty-ids", "error-rows=0.3", "errors-in-output", "status-0=0.3",
    "string-body=0.5", "missing-rows@1=0.3", "unknown-ids=0.2", "duplicate-rows=0.4", "shuffled", "blank-line",
    "line-separators=0.5", "surrogate=0.5", "cut-download", "cut-silent", "cut-gzip", "file-gone@2", "no-metadata",
    "pending-file", "odd-words",
]  # fmt: skip
MIXES = [
    "expired@30%=0.3 error-rows=0.1",
    "errors-in-output error-rows=0.3 empty-ids blank-line",
    "string-body=0.5 surrogate=0.5 line-separators=0.5 shuffled duplicate-rows=0.3 unknown-ids=0.3",
    "create-lost@50% create-500@50% upload-lost@30% cut-download lost-once poll-500@30%",
    "cancelled@50%=0.5 status-0=0.2 missing-rows@2=0.2 cut-download",
    "lost@3 expired=0.3 invalid-lines@1=0.2",
    "cut-silent expired=0.4 error-rows=0.2 no-metadata create-lost@50% odd-words",
    "cut-gzip pending-file create-500@50% no-metadata upload-lost@30% shuffled",
    "cut-silent cancelled=0.4 empty-ids duplicate-rows=0.3 odd-words create-lost no-metadata",
]
NEW_TEXT = {"line-separators", "surrogate"}
"""After these an answer begins with something else than live."""


def test_every_trap_of_the_double_is_met_here() -> None:
    assert names(" ".join(ALONE)) == set(BATCH_FAULTS)


@pytest.mark.parametrize("batch_faults", [*ALONE, *MIXES])
async def test_a_night_ends_with_what_live_calls_would_have_answered(tmp_path: Path, batch_faults: str) -> None:
    """Each row has the same answer as live, or was refused and says so; ours is the server's bill."""
    async with double(*batch_faults.split(), window_hours=3.0) as server:
        with opened(tmp_path / "a" / "live.db") as store:
            await live(server.base_url, store, ROWS)
        server.ledger.entries.clear()
        with opened(tmp_path / "b" / "answers.db") as store:
            async with session_at(server.base_url, store) as session:
                await to_the_end(session, server, ROWS)
            got, meant = content(tmp_path / "b" / "answers.db"), content(tmp_path / "a" / "live.db")
            lost = [request.id for request in ROWS if request.id not in got]
            for name in lost:
                assert store.attempts(name)[-1].ended == "refused", "a row is gone without a reason"
            refusing = bool(names(batch_faults) & {"invalid-lines", "error-rows", "all-errors"})
            assert bool(lost) == refusing or (refusing and batch_faults in MIXES)
            if not names(batch_faults) & NEW_TEXT:
                assert got == {name: row for name, row in meant.items() if name not in lost}
            else:
                texts = {request.id: kept.text for request in ROWS if (kept := store.get(request.id))}
                assert all(text.endswith(meant[name][3]) for name, text in texts.items())
                assert any(text != meant[name][3] for name, text in texts.items())
            assert session.progress.answered == len(got)
            assert session.progress.failed == len(lost)
            assert session.budget.spent == pytest.approx(store.spent(RUN), abs=1e-9)
            paid_once(server, store, batch_faults)
            cleaned_up(server, store)


@pytest.mark.parametrize("batch_faults", ["expired", "cancelled", "token-limit", "status-0"])
async def test_a_host_that_never_does_a_batch_is_given_up_and_nothing_is_billed(
    tmp_path: Path, batch_faults: str
) -> None:
    """After as many batches in a row as a row has attempts; the rows stay owed."""
    async with double(batch_faults, window_hours=3.0) as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store) as session:
                with pytest.raises(RowsOwed, match="6 batches in a row"):
                    await to_the_end(session, server, ROWS)
                assert len(server.states.batches) <= 3 * 6
            assert not session.out
            assert (store.spent(RUN), session.budget.spent, server.ledger.usd) == (0, pytest.approx(0), 0)
            cleaned_up(server, store)


async def test_batches_of_another_endpoint_or_spender_are_not_looked_for_here(tmp_path: Path) -> None:
    """A 404 of the wrong host says nothing about a batch; its rows stay reserved until its own endpoint is asked again."""
    async with double() as first, double() as second:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(first.base_url, store) as session:
                await run_round(session, ROWS)
            moved = [type(request)("there", request.body) for request in ROWS]
            async with session_at(second.base_url, store, endpoint="there") as other:
                await to_the_end(other, second, moved)
            async with session_at(second.base_url, store, spender="evaluate teacher") as other:
                await to_the_end(other, second, ROWS)
            assert len(journal.opened(store)) == 3
            async with session_at(first.base_url, store) as session:
                await to_the_end(session, first, ROWS)
            assert not journal.opened(store)
            assert store.held([request.id for request in [*ROWS, *moved]]) == {r.id for r in [*ROWS, *moved]}
            assert store.spent(RUN) == pytest.approx(first.ledger.usd + second.ledger.usd)
            assert {*first.ledger.billed.values(), *second.ledger.billed.values()} == {1}


async def test_a_key_that_is_refused_stops_the_night_and_shows_nowhere(tmp_path: Path) -> None:
    """At submission, and at a look after a key was changed; nothing is lost, and the right key goes on."""
    async with double(key="right") as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store, key="wrong-key") as session:
                with pytest.raises(AccessRefused, match="Incorrect API key") as refused:
                    await run_round(session, ROWS)
            async with session_at(server.base_url, store, key="right") as session:
                await run_round(session, ROWS)
            async with session_at(server.base_url, store, key="wrong-key") as session:
                with pytest.raises(AccessRefused):
                    await run_round(session, ROWS)
                assert len(session.out) == 3
            async with session_at(server.base_url, store, key="right") as session:
                await to_the_end(session, server, ROWS)
            paid_once(server, store, "")
            cleaned_up(server, store)
    assert "wrong-key" not in str(refused.value)
    assert b"wrong-key" not in (tmp_path / "answers.db").read_bytes()


async def test_an_endpoint_without_batches_says_so(tmp_path: Path) -> None:
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url + "/nothing", store) as session:
                with pytest.raises(AccessRefused, match="has no batches"):
                    await run_round(session, ROWS)
