"""When a night must be over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from distill.spec import deadline

EVENING = datetime(2026, 11, 21, 22, 15, tzinfo=UTC)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1.5h", 5400), ("45m", 2700), ("1d", 86400)])
def test_a_length_counts_from_the_start(text: str, seconds: float) -> None:
    assert deadline.moment(deadline.spelt(text), EVENING) - EVENING == timedelta(seconds=seconds)


def test_a_time_of_day_is_the_next_one_here() -> None:
    """Tomorrow where it is over today; the machine's own zone decides, not the start's."""
    start = datetime(2026, 11, 21, 22, 15).astimezone()
    assert deadline.moment("07:00", start).strftime("%d %H:%M") == "22 07:00"
    assert deadline.moment("22:16", start).strftime("%d %H:%M") == "21 22:16"
    assert deadline.moment("22:15", start).strftime("%d %H:%M") == "22 22:15"
    far = start.astimezone(timezone(timedelta(hours=9)))
    assert deadline.moment("07:00", far) == deadline.moment("07:00", start)


def test_yaml_reads_some_times_as_numbers() -> None:
    assert deadline.spelt(17 * 60 + 30) == "17:30"
    assert deadline.spelt("07:00") == "07:00"


@pytest.mark.parametrize("value", ["soon", "25:00", "7", 7.5, -1, 5000, True, "8 hours"])
def test_what_is_none_says_what_was_expected(value: object) -> None:
    with pytest.raises(ValueError, match="expected a time of day such as 07:00, or a length"):
        deadline.spelt(value)


@pytest.mark.parametrize("value", [8, 0, 59])
def test_a_bare_small_number_is_no_time(value: int) -> None:
    """YAML makes `1:00` the number 60; a smaller one was written as a number, and may have meant hours."""
    with pytest.raises(ValueError, match="expected a time of day"):
        deadline.spelt(value)
