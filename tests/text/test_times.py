from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.text.times import iso, micros

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


@given(st.integers(1_420_156_800_000_000, 4_070_908_800_000_000))
def test_iso_times_come_back(at: int) -> None:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at)
    assert micros(moment.isoformat()) == micros(moment.replace(tzinfo=None).isoformat(" ")) == at


def test_a_day_begins_at_midnight_in_utc() -> None:
    assert iso(micros("2026-11-01") or 0) == "2026-11-01T00:00:00Z"
