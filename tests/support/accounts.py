"""The accounts of a batch session that is over, ours beside the host's: nothing was paid twice, and nothing is left."""

from __future__ import annotations

import pytest
from rounds import RUN

from distill.teacher.store.store import Store
from distill.testing.fault_server import Server

UNSURE = {"lost", "missing-rows", "file-gone"}
"""After these nobody on this side can know what was billed."""


def names(batch_faults: str) -> set[str]:
    """`lost@2 expired=0.3` → {lost, expired}."""
    return {one.partition("=")[0].partition("@")[0] for one in batch_faults.split()}


def paid_once(server: Server, store: Store, batch_faults: str, *, unknown: int = 3) -> None:
    """No row is billed twice, and our ledger is the server's; where an outcome is unknown ours is the higher one."""
    server.states.advance()
    unsure = bool(names(batch_faults) & UNSURE)
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
    """Nothing is left of a batch session that is over: no file at the host but what a lost batch took with it, and none here."""
    left = {
        batch.id: [file for file in (batch.output, batch.error) if file and server.states.files.get(file.id)]
        for batch in server.states.batches.values()
        if "lost" not in batch.met
    }
    assert not any(left.values()), "results are left at the host"
    assert not [file for file in server.states.files.newest_first("batch") if file.name.endswith(".jsonl")]
    assert not list((store.path.parent / "batches").iterdir())
