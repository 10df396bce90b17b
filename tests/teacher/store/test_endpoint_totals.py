"""The ledger by endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.teacher.store.endpoint_totals import endpoint_totals
from distill.teacher.store.store import opened

RUN = "t/001"


async def test_each_of_several_endpoints_has_its_counts_and_the_time_in_which_it_worked(tmp_path: Path) -> None:
    """Calls that overlap count their seconds once, and a night between two commands counts none."""
    sends = [
        ("a", "10:00:00.000", "10:00:04.000", "ok", 40), ("a", "10:00:01.000", "10:00:03.000", "ok", 20),
        ("a", "10:00:02.000", "10:00:06.000", "broken", 0), ("a", "18:00:00.000", "18:00:02.000", "rate_limited", 0),
        ("b", "10:00:00.000", None, None, None), (None, "10:00:00.000", "10:00:09.000", "ok", 9),
    ]  # fmt: skip
    with opened(tmp_path / "a.db") as store:
        for n, (address, began, ended, how, tokens) in enumerate(sends):
            settled = None if ended is None else f"2026-12-01T{ended}+00:00"
            row = (str(n), RUN, f"2026-12-01T{began}+00:00", settled, how, tokens, address)
            sql = (
                "INSERT INTO attempts (request_id, run, spender, started, reserved_usd, settled, ended, completion_tokens, address) "
                "VALUES (?,?,'teacher',?,0.0,?,?,?,?)"
            )
            await store.commit([(sql, row)])
        a, b = endpoint_totals(store.reader, RUN)
        assert (a.endpoint, a.sends, a.answered, a.rate_limited, a.failed, a.open) == ("a", 4, 2, 1, 1, 0)
        assert (a.completion_tokens, round(a.seconds, 2)) == (60, 8.0)
        assert a.tokens_a_second == pytest.approx(7.5, abs=0.01)
        assert (b.endpoint, b.sends, b.open, b.tokens_a_second) == ("b", 1, 1, None)
