"""What an ended batch brings home, and what becomes of its files."""

from __future__ import annotations

from pathlib import Path

import pytest
from rounds import ROWS, RUN, double, session_at, to_the_end

from distill.errors import AccessRefused
from distill.teacher.batch.files import local_files
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import opened


async def test_files_are_kept_at_the_host_where_the_spec_says_so(tmp_path: Path) -> None:
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store, keep_files=True) as session:
                await to_the_end(session, server, ROWS)
            kept = server.states.files.newest_first()
            assert [file.purpose for file in kept].count("batch") == 3
            assert [file.purpose for file in kept].count("batch_output") == 3
            assert not list(local_files.folder(store).iterdir())


async def test_what_a_refused_key_interrupts_is_collected_first(tmp_path: Path) -> None:
    """One batch's rows are refused all access: the others of the round come home before the command stops."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store) as session:
                await run_round(session, ROWS)
                server.states.clock.step(2 * 3600)
                server.states.advance()
                first = next(iter(server.states.batches.values()))
                assert first.output is not None
                refusal = (
                    b'"response":{"status_code":401,"body":{"error":{"code":"invalid_api_key","message":"no"}}}}\n'
                )
                lines = first.output.data.splitlines(keepends=True)
                first.output.data = bytearray(lines[0].partition(b'"response"')[0] + refusal) + b"".join(lines[1:])
                with pytest.raises(AccessRefused, match=r"key, quota or model \(401: no\)"):
                    await run_round(session, ROWS)
                assert not session.out
            assert store.ledger(RUN)[0].answered == 29
