from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.lifecycle.logs.clock import Clock, micros

NOON = int(datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp()) * 10**6


@pytest.mark.parametrize("spelt", [
    "2026-11-01T12:00:00Z", "2026-11-01T12:00:00.000Z", "2026-11-01 12:00:00.000000", "2026-11-01 12:00:00 UTC", "2026-11-01T13:00:00+01:00",
    NOON // 10**6, NOON / 10**6, NOON // 1000, NOON, NOON * 1000, str(NOON * 1000), str(NOON // 10**6),
])  # fmt: skip
def test_a_time_in_any_spelling(spelt: object) -> None:
    assert micros(spelt) == NOON


@pytest.mark.parametrize(
    "spelt",
    [
        "yesterday",
        "1970-01-01T00:00:00Z",
        0,
        -5,
        "0001-01-01T00:00:00",
        10**40,
        "9" * 400,
        float("inf"),
        float("nan"),
        [1],
        {},
    ],
)
def test_what_is_no_time_is_an_error(spelt: object) -> None:
    with pytest.raises((ValueError, OverflowError)):
        micros(spelt)


@pytest.mark.parametrize("spelt", [None, "", True])
def test_no_time(spelt: object) -> None:
    assert micros(spelt) is None


@given(st.datetimes(datetime(2015, 1, 2), datetime(2099, 1, 1)))
def test_iso_times_come_back(moment: datetime) -> None:
    assert micros(moment.isoformat()) == round(moment.replace(tzinfo=UTC).timestamp() * 10**6)


def test_jumps_are_counted_and_said() -> None:
    clock = Clock(now=NOON)
    hour = 3600 * 10**6
    for value in (NOON // 10**6, None, "nonsense", (NOON - 2 * hour) // 10**6, (NOON + hour) // 10**6):
        clock.seen(value)
    assert (clock.absent, clock.unreadable, clock.back, clock.future) == (1, 1, 1, 1)
    assert len(clock.sentences(5)) == 4
    assert (clock.first, clock.last) == (NOON - 2 * hour, NOON), (
        "a time in the future says nothing of when the log ends"
    )


def test_a_new_file_may_begin_earlier() -> None:
    clock = Clock()
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
    clock = Clock(now=NOON)
    known = [clock.seen(value) for value in values]
    assert clock.absent + clock.unreadable == known.count(None)
