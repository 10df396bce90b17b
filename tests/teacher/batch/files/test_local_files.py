"""The input files of a session: made again where they are gone, and none is left behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from accounts import paid_once
from rounds import ROWS, content, double, live, requests, session_at, to_the_end

from distill.teacher.batch.files import local_files
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import opened


@pytest.mark.parametrize("gone", ["here", "here and at the host", "torn here"])
async def test_answers_are_matched_without_the_input_file(tmp_path: Path, gone: str) -> None:
    """It comes back from the host; where that has none either, it is written again from the rows and the journal."""
    async with double("shuffled", "invalid-lines@1=0.1") as server:
        with opened(tmp_path / "live" / "answers.db") as store:
            await live(server.base_url, store, ROWS)
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store) as session:
                await run_round(session, ROWS)
                for path in local_files.folder(store).iterdir():
                    if gone == "torn here":
                        path.write_bytes(path.read_bytes()[:-100])
                    else:
                        path.unlink()
                for file in server.states.files.newest_first("batch") if "host" in gone else ():
                    server.states.files.delete(file.id)
                await to_the_end(session, server, ROWS)
            refused = {store.attempts(one.id)[-1].ended for one in ROWS if store.get(one.id) is None}
        got, whole = content(tmp_path / "answers.db"), content(tmp_path / "live" / "answers.db")
        assert got == {name: whole[name] for name in got}
        assert len(got) == 30 - len(next(iter(server.states.batches.values())).errors)
        assert refused == {"refused"}


async def test_rows_that_the_spec_no_longer_has_are_collected_all_the_same(tmp_path: Path) -> None:
    """Also with the input file gone everywhere: the answers are kept, only what was asked is not known any more."""
    others = requests(45)[30:]
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store) as session:
                await run_round(session, ROWS)
                next(local_files.folder(store).iterdir()).unlink()
                for file in server.states.files.newest_first("batch"):
                    server.states.files.delete(file.id)
            async with session_at(server.base_url, store) as session:
                await to_the_end(session, server, others)
            assert store.held([request.id for request in [*ROWS, *others]]) == {r.id for r in [*ROWS, *others]}
            paid_once(server, store, "")


async def test_a_file_that_was_never_entered_is_removed_when_it_is_old(tmp_path: Path) -> None:
    """A crash between the file and its entry; a young one may be another process's, which is just writing it."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            (tmp_path / "batches").mkdir()
            old, young = tmp_path / "batches" / "aaaa.jsonl", tmp_path / "batches" / "bbbb.jsonl"
            for path, age_s in ((old, 7200), (young, 60)):
                path.touch()
                os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age_s))
            async with session_at(server.base_url, store) as session:
                await to_the_end(session, server, ROWS)
        assert list((tmp_path / "batches").iterdir()) == [young]
