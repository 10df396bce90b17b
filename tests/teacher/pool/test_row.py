"""A row that failed at one endpoint, and where it goes on."""

from __future__ import annotations

from distill.records import Ended, Request
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.pace import Pace
from distill.teacher.pool.circuit import Circuit, Health
from distill.teacher.pool.member import Member
from distill.teacher.pool.pool import Pool
from distill.teacher.pool.row import Row


def pool(*health: Health) -> Pool:
    return Pool([Member(Scripted(), Pace(), circuit=Circuit(one)) for one in health])


def row(of: Pool) -> Row:
    return Row(Request("e", {}), last=of.members[0])


def test_a_row_moves_once_to_each_other_endpoint_and_then_waits_as_ever() -> None:
    three = pool(Health.LIVING, Health.LIVING, Health.LIVING)
    one = row(three)
    assert [one.moves(Ended.BROKEN, three) for _ in range(3)] == [True, True, False]
    assert not row(three).moves(Ended.RATE_LIMITED, three)
    assert not row(three).moves(Ended.REFUSED, three)


def test_a_row_does_not_move_where_no_other_endpoint_lives() -> None:
    for alone in (pool(Health.LIVING), pool(Health.DOWN, Health.DOWN), pool(Health.LIVING, Health.REFUSING)):
        assert not row(alone).moves(Ended.CONNECTION, alone)
    slow = pool(Health.DOWN, Health.SLOW)
    assert row(slow).moves(Ended.CONNECTION, slow)


def test_only_what_was_sent_counts_against_a_row_that_moves() -> None:
    one = row(pool(Health.LIVING))
    one.count(Ended.CONNECTION, free=True)
    one.count(Ended.RATE_LIMITED, free=False)
    assert (one.failures, one.unknown) == (0, 0)
    one.count(Ended.BROKEN, free=True)
    one.count(Ended.CONNECTION, free=False)
    assert (one.failures, one.unknown) == (2, 1)
