"""A hosted training is one row of the ledger, open until its job has ended."""

from __future__ import annotations

from pathlib import Path

from distill.records import Ended
from distill.teacher.store import training
from distill.teacher.store.store import opened
from distill.teacher.store.training import TrainingEnd


async def test_a_job_is_one_row_however_often_it_is_begun(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store:
        for _ in range(3):  # killed, and begun again
            await training.begin(store, "mood/001", "key", 2.0)
        (row,) = store.ledger("mood/001")
        assert (row.spender, row.sends, row.unknown, row.usd) == ("training", 1, 1, 2.0)
        assert training.reserved(store.reader, "mood/001", "key") == 2.0
        assert training.reserved(store.reader, "mood/002", "key") is None
        for usd in (1.5, 9.0):
            await training.end(store, "mood/001", "key", TrainingEnd(Ended.OK, 1000, usd, estimated=False))
        (row,) = store.ledger("mood/001")
        assert (row.answered, row.unknown, row.usd, row.prompt_tokens, row.estimated) == (1, 0, 1.5, 1000, 0)
        assert training.reserved(store.reader, "mood/001", "key") is None


async def test_an_unknown_price_is_not_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store:
        await training.begin(store, "mood/001", "key", None)
        await training.end(store, "mood/001", "key", TrainingEnd(Ended.OK, 1000, None))
        assert store.unpriced("mood/001") == 1
