"""Which endpoint a call goes to, over any state of any number of endpoints."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.pace import Pace
from distill.teacher.pool.choice import asked, choose
from distill.teacher.pool.circuit import Circuit, Health
from distill.teacher.pool.member import Member

NOW = 100.0


@st.composite
def members(draw: st.DrawFn) -> Member:
    """An endpoint with any limit, calls in flight up to it, and any health."""
    pace = Pace(requests_per_minute=10**6, tokens_per_minute=10**9, in_flight=draw(st.integers(1, 5)))
    pace.out = draw(st.integers(0, pace.most_in_flight))
    circuit = Circuit(draw(st.sampled_from(Health)), retry_at=draw(st.sampled_from([NOW - 1, NOW + 1])))
    return Member(Scripted(), pace, circuit=circuit, sends=draw(st.integers(0, 9)))


@given(st.lists(members(), min_size=1, max_size=6), st.integers(-1, 5))
def test_the_choice_is_the_least_busy_of_those_that_may_be_asked(found: list[Member], at: int) -> None:
    """Never above its limit, never one that is left out while another lives, but for one call to one that is due."""
    last = found[at] if 0 <= at < len(found) else None
    chosen, may = choose(found, 10, NOW, last), asked(found, NOW)
    room = [one for one in may if one.in_flight < one.pace.most_in_flight]
    assert (chosen is None) == (not room)
    if chosen is None:
        return
    assert chosen.in_flight < chosen.pace.most_in_flight
    others = [one for one in room if one is not last] or room
    others = [one for one in others if one.circuit.health is not Health.SLOW] or others
    assert chosen.in_flight == min(one.in_flight for one in others)
    if any(one.circuit.living for one in found) and not chosen.circuit.living:
        assert chosen.circuit.retry_at <= NOW
        assert chosen.in_flight == 0


@given(st.lists(members(), min_size=1, max_size=6))
def test_somebody_is_always_asked_and_a_slow_one_before_one_that_is_down(found: list[Member]) -> None:
    may = asked(found, NOW)
    assert may
    health = {one.circuit.health for one in may if not one.circuit.due(NOW)}
    if any(one.circuit.health is Health.SLOW for one in found):
        assert health <= {Health.LIVING, Health.SLOW}
    if any(one.circuit.living for one in found):
        assert health <= {Health.LIVING}


def test_of_equals_the_one_that_was_sent_least_is_asked() -> None:
    """So that a teacher with one call in flight at a time uses all of its endpoints."""
    paces = [Pace(requests_per_minute=9, tokens_per_minute=10**6) for _ in range(3)]
    a, b, c = (Member(Scripted(), pace, sends=sends) for pace, sends in zip(paces, (2, 1, 2), strict=True))
    assert choose([a, b, c], 1, NOW) is b
    assert choose([a, b, c], 1, NOW, last=b) is a


def test_one_that_waits_for_its_rate_limit_is_passed_over() -> None:
    paces = [Pace(requests_per_minute=9, tokens_per_minute=10**6) for _ in range(2)]
    a, b = (Member(Scripted(), pace) for pace in paces)
    paces[0].done(_turn(paces[0]), tokens=0, limited=True, wait_s=60)
    assert choose([a, b], 1, NOW) is b


def _turn(pace: Pace):  # type: ignore[no-untyped-def]  # a turn of the pace, whatever it is
    import asyncio

    return asyncio.run(pace.turn(1))
