"""The host's capacity for enqueued tokens, as a spec gives it or a refusal tells it."""

from __future__ import annotations

from pathlib import Path

import pytest
from accounts import cleaned_up, paid_once
from rounds import ROWS, RUN, double, session_at, to_the_end

from distill.teacher.batch.capacity import Capacity
from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.journal import BatchEntry
from distill.teacher.store.rows import now
from distill.teacher.store.store import opened


@pytest.mark.parametrize(("ours", "theirs"), [(None, 300), (300, 300), (None, 100), (150, 100)])
async def test_enqueued_tokens_are_learnt_or_given(tmp_path: Path, ours: int | None, theirs: int) -> None:
    """Learnt from the refusal, also where the host counts more tokens than we do; given, no batch ever fails for them."""
    async with double(enqueued_tokens=theirs) as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(
                server.base_url, store, limits=BatchLimits(rows=12, tokens=ours and ours // 2)
            ) as session:
                await to_the_end(session, server, ROWS, most=120)
            assert store.ledger(RUN)[0].answered == 30
            failed = [batch for batch in server.states.batches.values() if batch.status == "failed"]
            assert bool(failed) == (ours is None or ours > theirs)
            paid_once(server, store, "")
            cleaned_up(server, store)


def made(key: str, tokens: int) -> BatchEntry:
    return BatchEntry(key, RUN, "teacher", "here", "m", 1, 1, tokens, now(), "submitted")


def test_a_limit_that_was_not_enough_is_halved_and_never_below_an_eighth_of_what_the_host_names() -> None:
    """The host may count other tokens than we do; below that its capacity is taken by somebody else."""
    capacity, learnt = Capacity(BatchLimits()), []
    for key in "abcdef":
        capacity.take(key, capacity.beside([]))
        learnt.append(capacity.learn(made(key, 1000), "Enqueued token limit reached. Limit: 8,000 enqueued tokens."))
    assert learnt == [8000, 4000, 2000, 1000, 1000, 1000]
    assert capacity.beside([made("g", 700)]).tokens == 300


def test_where_the_host_names_no_number_half_of_what_it_refused_is_tried() -> None:
    assert Capacity(BatchLimits()).learn(made("a", 1000), "too many tokens") == 500
