import pytest

from distill.tables.merged import merged
from distill.tables.outcome import partition


def halves(frame):
    rows = frame(*[{"stratum": "a"}] * 6)
    drops = {1: ("long", "so"), 4: ("short", "so"), 5: ("long", "so")}
    whole = partition(rows, drops, stage="length")
    first = partition(rows.head(3), {1: drops[1]}, stage="length")
    last = partition(rows.tail(3), {1: drops[4], 2: drops[5]}, stage="length")
    return whole, first, last


def test_parts_come_to_the_outcome_of_the_whole(frame):
    whole, *parts = halves(frame)
    found = merged(parts)
    assert found.report == whole.report == {"stage": "length", "in": 6, "kept": 3, "dropped": {"long": 2, "short": 1}}
    for one, other in zip(
        (found.kept, found.dropped, found.rejected), (whole.kept, whole.dropped, whole.rejected), strict=True
    ):
        assert one.equals(other)
        assert one.schema == other.schema


def test_parts_that_say_different_things_are_no_one_step(frame):
    _, first, last = halves(frame)
    last.report["stage"] = "echo"
    with pytest.raises(ValueError, match="different 'stage'"):
        merged([first, last])
