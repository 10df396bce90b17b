from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from distill.lifecycle.logs.clock import LogClock

NOON = int(datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp()) * 10**6


def test_jumps_are_counted_and_said() -> None:
    clock = LogClock(now=NOON)
    hour = 3600 * 10**6
    for value in (NOON // 10**6, None, "nonsense", (NOON - 2 * hour) // 10**6, (NOON + hour) // 10**6):
        clock.seen(value)
    assert (clock.absent, clock.unreadable, clock.back, clock.future) == (1, 1, 1, 1)
    assert len(clock.sentences(5)) == 4
    assert (clock.first, clock.last) == (NOON - 2 * hour, NOON), (
        "a time in the future says nothing of when the log ends"
    )


def test_a_new_file_may_begin_earlier() -> None:
    clock = LogClock()
    clock.seen(NOON)
    clock.file()
    clock.seen(NOON - 9 * 3600 * 10**6)
    assert clock.back == 0


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(max_size=30),
            st.integers(),
            st.floats(),
            st.booleans(),
            st.lists(st.integers(), max_size=2),
        )
    )
)
def test_no_value_is_too_odd(values: list[object]) -> None:
    clock = LogClock(now=NOON)
    known = [clock.seen(value) for value in values]
    assert clock.absent + clock.unreadable == known.count(None)
