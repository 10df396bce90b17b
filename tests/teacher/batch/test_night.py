"""Nights through every trap of the Batch API: each ends, answers what live calls answer, and pays no row twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rounds import RUN, content, double, live, night_at, requests, to_the_end

from distill.errors import AccessRefused, BudgetReached, RowsOwed
from distill.money import Budget
from distill.teacher.batch import book
from distill.teacher.batch.shard import Most
from distill.teacher.store import Store, opened
from distill.testing.batch.faults import TRAPS
from distill.testing.fault_server import Server

ROWS = requests(30)

ALONE = [
    "upload-lost@1", "create-lost", "create-500", "invalid-lines=0.1", "token-limit@1", "poll-500", "lost-once", "lost@2",
    "all-errors@1", "expired=0.5", "cancelled=0.5", "empty-ids", "error-rows=0.3", "errors-in-output", "status-0=0.3",
    "string-body=0.5", "missing-rows@1=0.3", "unknown-ids=0.2", "duplicate-rows=0.4", "shuffled", "blank-line",
    "line-separators=0.5", "surrogate=0.5", "cut-download",
]  # fmt: skip
MIXES = [
    "expired@30%=0.3 error-rows=0.1",
    "errors-in-output error-rows=0.3 empty-ids blank-line",
    "string-body=0.5 surrogate=0.5 line-separators=0.5 shuffled duplicate-rows=0.3 unknown-ids=0.3",
    "create-lost@50% create-500@50% upload-lost@30% cut-download lost-once poll-500@30%",
    "cancelled@50%=0.5 status-0=0.2 missing-rows@2=0.2 cut-download",
    "lost@3 expired=0.3 invalid-lines@1=0.2",
]
UNSURE = {"lost", "missing-rows"}
"""After these nobody on this side can know what was billed."""
NEW_TEXT = {"line-separators", "surrogate"}
"""After these an answer begins with something else than live."""


def names(traps: str) -> set[str]:
    """`lost@2 expired=0.3` → {lost, expired}."""
    return {one.partition("=")[0].partition("@")[0] for one in traps.split()}


def paid_once(server: Server, store: Store, traps: str, *, unknown: int = 3) -> None:
    """No row is billed twice, and our ledger is the server's; where an outcome is unknown ours is the higher one."""
    server.desk.advance()
    unsure = bool(names(traps) & UNSURE)
    assert max(server.ledger.billed.values(), default=0) <= (unknown if unsure else 1)
    (spend,) = store.ledger(RUN)
    assert spend.unknown == 0
    if unsure:
        assert spend.usd >= server.ledger.usd - 1e-12
        assert spend.usd_estimated > 0
    else:
        assert spend.usd == pytest.approx(server.ledger.usd, abs=1e-9)
        assert spend.usd_estimated == 0


def cleaned_up(server: Server, store: Store) -> None:
    """Nothing is left of a night that is over: no file at the host but what a lost batch took with it, and none here."""
    left = {
        batch.id: [file for file in (batch.output, batch.error) if file and server.desk.files.get(file.id)]
        for batch in server.desk.batches.values()
        if "lost" not in batch.met
    }
    assert not any(left.values()), "results are left at the host"
    assert not [file for file in server.desk.files.newest_first("batch") if file.name.endswith(".jsonl")]
    assert not list((store.path.parent / "batches").iterdir())


def test_every_trap_of_the_double_is_met_here() -> None:
    assert names(" ".join(ALONE)) == set(TRAPS)


@pytest.mark.parametrize("traps", [*ALONE, *MIXES])
async def test_a_night_ends_with_what_live_calls_would_have_answered(tmp_path: Path, traps: str) -> None:
    """Each row has the same answer as live, or was refused and says so; ours is the server's bill."""
    async with double(*traps.split(), window_hours=3.0) as server:
        with opened(tmp_path / "a" / "live.db") as store:
            await live(server.base_url, store, ROWS)
        server.ledger.entries.clear()
        with opened(tmp_path / "b" / "answers.db") as store:
            async with night_at(server.base_url, store) as night:
                await to_the_end(night, server, ROWS)
            got, meant = content(tmp_path / "b" / "answers.db"), content(tmp_path / "a" / "live.db")
            lost = [request.id for request in ROWS if request.id not in got]
            for name in lost:
                assert list(store.attempts(name))[-1][4] == "refused", "a row is gone without a reason"
            refusing = bool(names(traps) & {"invalid-lines", "error-rows", "all-errors"})
            assert bool(lost) == refusing or (refusing and traps in MIXES)
            if not names(traps) & NEW_TEXT:
                assert got == {name: row for name, row in meant.items() if name not in lost}
            else:
                texts = {request.id: kept.text for request in ROWS if (kept := store.get(request.id))}
                assert all(text.endswith(meant[name][3]) for name, text in texts.items())
                assert any(text != meant[name][3] for name, text in texts.items())
            assert night.tally.answered == len(got)
            assert night.tally.failed == len(lost)
            assert night.budget.spent == pytest.approx(store.spent(RUN), abs=1e-9)
            paid_once(server, store, traps)
            cleaned_up(server, store)


@pytest.mark.parametrize("traps", ["expired", "cancelled", "token-limit", "status-0"])
async def test_a_host_that_never_does_a_batch_is_given_up_and_nothing_is_billed(tmp_path: Path, traps: str) -> None:
    """After as many batches in a row as a row has attempts; the rows stay owed."""
    async with double(traps, window_hours=3.0) as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store) as night:
                with pytest.raises(RowsOwed, match="6 batches one after another"):
                    await to_the_end(night, server, ROWS)
                assert len(server.desk.batches) <= 3 * 6
            assert not night.out
            assert (store.spent(RUN), night.budget.spent, server.ledger.usd) == (0, pytest.approx(0), 0)
            cleaned_up(server, store)


async def test_files_are_kept_at_the_host_where_the_spec_says_so(tmp_path: Path) -> None:
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store, keep_files=True) as night:
                await to_the_end(night, server, ROWS)
            kept = server.desk.files.newest_first()
            assert [file.purpose for file in kept].count("batch") == 3
            assert [file.purpose for file in kept].count("batch_output") == 3
            assert not list(night.folder.iterdir())


@pytest.mark.parametrize("gone", ["here", "here and at the host", "torn here"])
async def test_answers_are_matched_without_the_input_file(tmp_path: Path, gone: str) -> None:
    """It comes back from the host; where that has none either, it is written again from the rows and the book."""
    async with double("shuffled", "invalid-lines@1=0.1") as server:
        with opened(tmp_path / "live" / "answers.db") as store:
            await live(server.base_url, store, ROWS)
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store) as night:
                await night.round(ROWS)
                for path in night.folder.iterdir():
                    if gone == "torn here":
                        path.write_bytes(path.read_bytes()[:-100])
                    else:
                        path.unlink()
                for file in server.desk.files.newest_first("batch") if "host" in gone else ():
                    server.desk.files.delete(file.id)
                await to_the_end(night, server, ROWS)
            refused = {(list(store.attempts(one.id)) or [()])[-1][4] for one in ROWS if store.get(one.id) is None}
        got, whole = content(tmp_path / "answers.db"), content(tmp_path / "live" / "answers.db")
        assert got == {name: whole[name] for name in got}
        assert len(got) == 30 - len(next(iter(server.desk.batches.values())).errors)
        assert refused == {"refused"}


async def test_rows_that_the_spec_no_longer_has_are_collected_all_the_same(tmp_path: Path) -> None:
    """Also with the input file gone everywhere: the answers are kept, only what was asked is not known any more."""
    others = requests(45)[30:]
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store) as night:
                await night.round(ROWS)
                next(night.folder.iterdir()).unlink()
                for file in server.desk.files.newest_first("batch"):
                    server.desk.files.delete(file.id)
            async with night_at(server.base_url, store) as night:
                await to_the_end(night, server, others)
            assert store.held([request.id for request in [*ROWS, *others]]) == {r.id for r in [*ROWS, *others]}
            paid_once(server, store, "")


async def test_batches_of_another_endpoint_or_spender_are_not_looked_for_here(tmp_path: Path) -> None:
    """A 404 of the wrong host says nothing about a batch; its rows stay reserved until its own endpoint is asked again."""
    async with double() as first, double() as second:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(first.base_url, store) as night:
                await night.round(ROWS)
            moved = [type(request)("there", request.body) for request in ROWS]
            async with night_at(second.base_url, store, endpoint="there") as other:
                await to_the_end(other, second, moved)
            async with night_at(second.base_url, store, spender="evaluate teacher") as other:
                await to_the_end(other, second, ROWS)
            assert len(book.opened(store)) == 3
            async with night_at(first.base_url, store) as night:
                await to_the_end(night, first, ROWS)
            assert not book.opened(store)
            assert store.held([request.id for request in [*ROWS, *moved]]) == {r.id for r in [*ROWS, *moved]}
            assert store.spent(RUN) == pytest.approx(first.ledger.usd + second.ledger.usd)
            assert {*first.ledger.billed.values(), *second.ledger.billed.values()} == {1}


async def test_what_a_refused_key_interrupts_is_collected_first(tmp_path: Path) -> None:
    """One batch's rows are refused all access: the others of the round come home before the command stops."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store) as night:
                await night.round(ROWS)
                server.desk.clock.step(2 * 3600)
                server.desk.advance()
                first = next(iter(server.desk.batches.values()))
                assert first.output is not None
                refusal = (
                    b'"response":{"status_code":401,"body":{"error":{"code":"invalid_api_key","message":"no"}}}}\n'
                )
                lines = first.output.data.splitlines(keepends=True)
                first.output.data = bytearray(lines[0].partition(b'"response"')[0] + refusal) + b"".join(lines[1:])
                with pytest.raises(AccessRefused, match="key, quota or model"):
                    await night.round(ROWS)
                assert not night.out
            assert store.ledger(RUN)[0].answered == 29


async def test_a_key_that_is_refused_stops_the_night_and_shows_nowhere(tmp_path: Path) -> None:
    """At submission, and at a look after a key was changed; nothing is lost, and the right key goes on."""
    async with double(key="right") as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store, key="wrong-key") as night:
                with pytest.raises(AccessRefused, match="Incorrect API key") as refused:
                    await night.round(ROWS)
            async with night_at(server.base_url, store, key="right") as night:
                await night.round(ROWS)
            async with night_at(server.base_url, store, key="wrong-key") as night:
                with pytest.raises(AccessRefused):
                    await night.round(ROWS)
                assert len(night.out) == 3
            async with night_at(server.base_url, store, key="right") as night:
                await to_the_end(night, server, ROWS)
            paid_once(server, store, "")
            cleaned_up(server, store)
    assert "wrong-key" not in str(refused.value)
    assert b"wrong-key" not in (tmp_path / "answers.db").read_bytes()


async def test_an_endpoint_without_batches_says_so(tmp_path: Path) -> None:
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url + "/nothing", store) as night:
                with pytest.raises(AccessRefused, match="has no batches"):
                    await night.round(ROWS)


async def test_a_setting_that_the_host_refuses_stops_at_once(tmp_path: Path) -> None:
    """A create with a 400 was certainly not made: its rows are owed, nothing is out, no file stays."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store, url="/v1/embeddings") as night:
                with pytest.raises(RowsOwed, match="is not one of"):
                    await night.round(ROWS)
                assert not night.out
            assert store.spent(RUN) == 0
            cleaned_up(server, store)


async def test_a_batch_that_is_deleted_at_the_host_is_waited_for_and_then_given_up(tmp_path: Path) -> None:
    """For `lost_s` it may come back; then its rows are booked at their most, as nobody knows, and sent again."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store, lost_s=3600.0) as night:
                await night.round(ROWS)
                del server.desk.batches[next(iter(server.desk.batches))]
                for _ in range(3):
                    server.desk.clock.step(3600)
                    await night.round(ROWS)
                assert len(night.out) == 1
                assert store.ledger(RUN)[0].answered == 18
            async with night_at(server.base_url, store, lost_s=0.0) as night:
                await to_the_end(night, server, ROWS)
                assert night.budget.spent == pytest.approx(store.spent(RUN))
            (spend,) = store.ledger(RUN)
            assert (spend.answered, spend.estimated) == (30, 12)
            cleaned_up(server, store)


async def test_batches_wait_for_the_budget_and_never_pass_it(tmp_path: Path) -> None:
    """Rows that do not fit wait while others are out; when nothing is out the budget is reached."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store) as night:
                worst = sum(night._worst(request)[1] for request in ROWS)
            limit = worst / 3
            async with night_at(server.base_url, store, budget=Budget(limit)) as night:
                await night.round(ROWS)
                assert 0 < night.waiting < 30
                assert store.spent(RUN) == pytest.approx(night.budget.spent)
                with pytest.raises(BudgetReached, match="Raise budget"):
                    await to_the_end(night, server, ROWS)
                assert not night.out
            assert server.ledger.usd <= limit
            assert store.spent(RUN) == pytest.approx(server.ledger.usd)
            paid_once(server, store, "")
            cleaned_up(server, store)


@pytest.mark.parametrize(("ours", "theirs"), [(None, 300), (300, 300), (None, 100), (150, 100)])
async def test_enqueued_tokens_are_learnt_or_given(tmp_path: Path, ours: int | None, theirs: int) -> None:
    """Learnt from the refusal, also where the host counts more tokens than we do; given, no batch ever fails for them."""
    async with double(enqueued_tokens=theirs) as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store, most=Most(rows=12, tokens=ours and ours // 2)) as night:
                await to_the_end(night, server, ROWS, most=120)
            assert store.ledger(RUN)[0].answered == 30
            failed = [batch for batch in server.desk.batches.values() if batch.status == "failed"]
            assert bool(failed) == (ours is None or ours > theirs)
            paid_once(server, store, "")
            cleaned_up(server, store)


async def test_one_row_that_is_larger_than_any_file_is_the_hosts_to_refuse(tmp_path: Path) -> None:
    """It goes alone, and does not hold up the others."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store, most=Most(bytes=100)) as night:
                await to_the_end(night, server, ROWS[:3])
        assert [batch.total for batch in server.desk.batches.values()] == [1, 1, 1]


async def test_a_file_that_was_never_entered_is_removed_when_it_is_old(tmp_path: Path) -> None:
    """A crash between the file and its entry; a young one may be another process's, which is just writing it."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            (tmp_path / "batches").mkdir()
            old, young = tmp_path / "batches" / "aaaa.jsonl", tmp_path / "batches" / "bbbb.jsonl"
            for path, age_s in ((old, 7200), (young, 60)):
                path.touch()
                os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age_s))
            async with night_at(server.base_url, store) as night:
                await to_the_end(night, server, ROWS)
        assert list((tmp_path / "batches").iterdir()) == [young]
