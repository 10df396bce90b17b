"""Rows of batches in the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from distill.host.state import batches
from distill.host.state.database import Database


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    found = Database(tmp_path / "host.db", (batches.SCHEMA,))
    yield found
    found.close()


def made(db: Database) -> batches.Batch:
    return batches.create(
        db, endpoint="/v1/completions", input_file_id="file-1", metadata={"a": "b"}, output_lasts_s=None
    )


def test_what_was_created_is_there_as_it_was(db: Database) -> None:
    batch = made(db)
    assert batches.get(db, batch.id) == batch
    assert batches.get(db, "batch_other") is None
    second = made(db)
    assert [one.id for one in batches.every(db)] == [second.id, batch.id]
    assert [one.id for one in batches.waiting(db)] == [batch.id, second.id]


def test_a_batch_moves_from_the_states_that_are_named_only(db: Database) -> None:
    batch = made(db)
    assert not batches.move(db, batch.id, "completed", of=("finalizing",))
    assert batches.move(db, batch.id, "in_progress", of=("validating",), total=3, model="m")
    found = batches.get(db, batch.id)
    assert found is not None
    assert (found.status, found.total, found.model) == ("in_progress", 3, "m")
    assert set(found.times) == {"expires_at", "in_progress_at"}
    assert not batches.move(db, "batch_other", "failed", of=("validating",))
    assert batches.move(db, batch.id, "failed", of=("in_progress",))
    assert batches.waiting(db) == []


def test_an_answer_that_is_kept_already_counts_once(db: Database) -> None:
    batch = made(db)
    for number, good in ((2, True), (1, False), (2, True), (2, False)):
        batches.keep(db, batch.id, number, f"{number}".encode(), good=good, tokens=(10, 1))
    found = batches.get(db, batch.id)
    assert found is not None
    assert (found.completed, found.failed, found.input_tokens, found.output_tokens) == (1, 1, 20, 2)
    assert batches.answered(db, batch.id) == {1, 2}
    assert list(batches.lines(db, batch.id, good=True)) == [b"2"]
    batches.forget_rows(db, batch.id)
    assert batches.answered(db, batch.id) == set()


def test_more_lines_than_one_look_holds_come_in_order(db: Database) -> None:
    batch = made(db)
    with db.transaction():
        for number in range(450):
            batches.keep(db, batch.id, number, b"%d" % number, good=True, tokens=(0, 0))
    assert [int(one) for one in batches.lines(db, batch.id, good=True)] == list(range(450))
