"""Which batches and rows meet a fault, and whole sessions of several faults: repeatable, and with an end."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

import pytest
from batch_server import batch_server, body, line
from openai import APIConnectionError

from distill.records import Request
from distill.testing.batch.faults import BatchFault, batch_fault, drawn

SHARD = [line(n) for n in range(20)]


def shown(row: dict[str, Any]) -> tuple[str, Any, Any]:
    """A row without the ids that are new each time."""
    return row["custom_id"], row["error"], row["response"] and row["response"]["body"]


@pytest.mark.parametrize("looks", [2, 30])
async def test_a_batch_is_the_same_however_often_it_is_looked_at(looks: int) -> None:
    """One who looks twice finds the rows, files and bills of one who looked all the time."""
    batch_faults = (
        "expired=0.3",
        "error-rows=0.2",
        "shuffled",
        "missing-rows=0.1",
        "duplicate-rows=0.1",
        "surrogate=0.2",
    )
    async with batch_server(*batch_faults) as here, batch_server(*batch_faults) as still:
        made = await here.submit(SHARD)
        for _ in range(looks):
            found = await here.ended(made, hours=25 / looks)
        other = await still.ended(await still.submit(SHARD), hours=25)
        for one, two in ((found.output_file_id, other.output_file_id), (found.error_file_id, other.error_file_id)):
            seen, told = await here.rows(one), await still.rows(two)
            assert [shown(row) for row in seen] == [shown(row) for row in told]
        assert here.server.ledger.billed == still.server.ledger.billed
        assert (found.expired_at or 0) - found.created_at == (other.expired_at or 0) - other.created_at == 24 * 3600


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("lost", BatchFault("lost")),
        ("lost@2", BatchFault("lost", order=2)),
        ("lost@30%", BatchFault("lost", batches=0.3)),
        ("expired=0.5", BatchFault("expired", rows=0.5)),
        ("expired@30%=0.5", BatchFault("expired", batches=0.3, rows=0.5)),
        ("error-rows@1=0.1", BatchFault("error-rows", order=1, rows=0.1)),
    ],
)
def test_how_a_trap_is_written(given: str, meant: BatchFault) -> None:
    assert batch_fault(given) == meant


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("losst", "no batch fault 'losst'; there are upload-lost"),
        ("lost@x", "expected NAME"),
        ("expired=x", "expected NAME"),
        ("expired=1.5", "shares go from above 0 to 1"),
        ("expired@0", "the order from 1"),
        ("lost=0.3", "lost@30%"),
    ],
)
def test_a_trap_that_is_none(given: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        batch_fault(given)


def test_luck_follows_the_seed_the_batch_and_the_trap() -> None:
    """The same again for the same, another for each other; a share of batches is that share."""
    args = {"total": 1000, "number": 1, "seed": 7}
    first = drawn("expired", 0.3, **args)
    assert len(first) == 300
    assert first == drawn("expired", 0.3, **args)
    others = [
        drawn("expired", 0.3, **args | {"number": 2}),
        drawn("expired", 0.3, **args | {"seed": 8}),
        drawn("surrogate", 0.3, **args),
    ]
    assert all(first != other for other in others)
    tiny = sum(len(drawn("expired", 0.1, **args | {"number": number, "total": 1})) for number in range(1, 1001))
    assert 60 < tiny < 140, "a tenth of one row is that row in a tenth of the batches"
    share = batch_fault("lost@30%")
    assert 250 < sum(share.meets(number, 7) for number in range(1, 1001)) < 350


async def test_one_who_sends_only_what_is_missing_pays_each_row_once() -> None:
    """Expiry, errors, missing rows and a lost create: in a few rounds every row is there, and none was billed twice."""
    owed, got = {f"row-{n}": n for n in range(120)}, dict[str, str]()
    async with batch_server("expired@30%=0.5", "error-rows=0.1", "missing-rows=0.1", "create-lost@2") as here:
        for _ in range(12):
            shards = [list(owed.values())[at : at + 40] for at in range(0, len(owed), 40)]
            for shard in shards:
                with contextlib.suppress(APIConnectionError):  # it is in the list all the same
                    await here.submit([line(n) for n in shard])
            here.later(25)
            for batch in (await here.client.batches.list(limit=100)).data[: len(shards)]:
                got |= await here.answers(batch) if batch.output_file_id else {}
            owed = {name: n for name, n in owed.items() if name not in got}
        assert got == {f"row-{n}": f"row {n}" for n in range(120)}
        assert here.server.ledger.billed == Counter({Request("", body(n)).id: 1 for n in range(120)})
        assert set(here.server.ledger.paid_batches.values()) == {1}
