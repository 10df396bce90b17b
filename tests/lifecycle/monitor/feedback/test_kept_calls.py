"""Calls that wait for feedback: kept once, the newest, with nothing of a look that did not end."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import UsageError
from distill.lifecycle.monitor.feedback.kept_calls import KeptCalls, NewCall, kept_calls

RUN = "mood/001"


def call(
    *ids: str, trace: str | None = None, day: str = "2026-11-01", digest: bytes = b"a", right: bool | None = None
) -> NewCall:
    return NewCall(ids, trace, day, digest, digest, right, {"answer": "glad"})


def named(kept: KeptCalls, of: str) -> list[int]:
    kept.stage(of, 0, True, None, "f:1")
    key = list(kept.staged())[-1].id if of else b""
    kept._store.execute("DELETE FROM given")
    return [one.seq for one in kept.named(key)]


def test_a_call_has_several_ids_and_is_kept_once(tmp_path: Path) -> None:
    with kept_calls(tmp_path / "calls.db") as kept:
        kept.add(RUN, iter([call("c1", "span1", trace="t1"), call("c1"), call("c2", trace="t2")]))
        assert kept.count() == 2
        assert named(kept, "c1") == named(kept, "span1") == named(kept, "t1") == [1]
        assert named(kept, "c3") == []


def test_an_id_or_a_trace_of_several_calls_names_none_of_them(tmp_path: Path) -> None:
    """But a call whose own id it is goes before those of the trace."""
    with kept_calls(tmp_path / "calls.db") as kept:
        kept.add(
            RUN,
            iter(
                [
                    call("c1"),
                    call("c1", digest=b"b"),
                    call("c2", trace="t"),
                    call("c3", trace="t"),
                    call("c4", trace="c2"),
                ]
            ),
        )
        assert len(named(kept, "c1")) == len(named(kept, "t")) == 2
        assert len(named(kept, "c2")) == 1


def test_a_block_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    with suppress(ZeroDivisionError), kept_calls(path) as kept:
        kept.add(RUN, iter([call("c1")]))
        _ = 1 // 0
    with kept_calls(path) as kept:
        assert kept.count() == 0
        kept.add(RUN, iter([call("c1")]))
    with kept_calls(path) as kept:
        assert kept.count() == 1


VERDICTS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from([True, False, None])), max_size=30)


@given(VERDICTS, st.integers(0, 30), st.integers(1, 7))
def test_what_was_said_of_a_day_outlives_its_calls(calls: list[tuple[int, bool | None]], most: int, looks: int) -> None:
    """However many are kept, and however they are cut into looks."""
    with kept_calls(Path(":memory:")) as kept:
        for start in range(0, len(calls), looks):
            part = [
                call(f"c{start + n}", day=f"2026-11-0{day}", right=right)
                for n, (day, right) in enumerate(calls[start : start + looks])
            ]
            kept.add(RUN, iter(part))
            kept.evict(most)
        assert kept.count() == min(most, len(calls))
        wanted = {
            f"2026-11-0{day}": [right for other, right in calls if other == day and right is not None]
            for day in range(1, 5)
        }
        assert kept.days(RUN) == [(day, sum(said), len(said)) for day, said in sorted(wanted.items()) if said]
        assert kept.days("mood/002") == []


def test_a_file_that_is_none_of_ours_names_the_next_move(tmp_path: Path) -> None:
    (tmp_path / "calls.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 4000)
    with pytest.raises(UsageError, match="move this one file away"), kept_calls(tmp_path / "calls.db"):
        pass
    with kept_calls(tmp_path / "later.db") as kept:
        kept._store.execute("PRAGMA user_version=99")
    with pytest.raises(UsageError, match="later version"), kept_calls(tmp_path / "later.db"):
        pass
