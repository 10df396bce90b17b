"""What is kept between two looks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.lifecycle.monitor.feedback.kept_calls import kept_calls
from distill.lifecycle.monitor.offsets import ReadLog
from distill.lifecycle.monitor.rates.evidence import SignalEvidence, after
from distill.lifecycle.monitor.result import LoggedExample, SignalDay
from distill.lifecycle.monitor.state import MonitorFolder, MonitorState, StoredDay


def state() -> MonitorState:
    held = after(SignalEvidence(), day="2026-11-01", x=3, n=100, bound=0.05)
    day = StoredDay("2026-11-01", 100, 90, {"schema": SignalDay("2026-11-01", 3, 90, None, alarm=False)})
    shown = {"schema": [LoggedExample("a.jsonl:3", "half an emoji \ud83d", "no json", "not JSON")]}
    return MonitorState(
        "mood/001", "b0", "2026-11-02T06:00:00+00:00", [ReadLog("h", 10, "t", 99, 4)], [day], {"schema": held}, shown
    )


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = MonitorFolder(tmp_path, "mood")
    with kept_calls(tmp_path / "calls.db") as kept:
        assert folder.read("mood/001", kept) == MonitorState("mood/001")
        folder.write(folder.end(state(), kept))
        read = folder.read("mood/001", kept)
    assert (read.days, read.logs, read.examples, read.look) == (state().days, state().logs, state().examples, 1)
    assert read.evidence["schema"].log == state().evidence["schema"].log


def test_of_another_run_only_the_places_in_the_logs_are_kept(tmp_path: Path) -> None:
    folder = MonitorFolder(tmp_path, "mood")
    with kept_calls(tmp_path / "calls.db") as kept:
        folder.write(folder.end(state(), kept))
        assert folder.read("mood/002", kept) == MonitorState("mood/002", logs=state().logs, look=1)


def test_a_look_that_was_killed_before_it_wrote_its_state_has_ended(tmp_path: Path) -> None:
    """The calls that it kept and its counts are there together, whatever it was killed at."""
    folder, calls = MonitorFolder(tmp_path, "mood"), tmp_path / "calls.db"
    with kept_calls(calls) as kept:
        folder.write(folder.end(replace(state(), days=[]), kept))
    with kept_calls(calls) as kept:  # killed behind this
        folder.end(replace(state(), look=1), kept)
    with kept_calls(calls) as kept:
        read = folder.read("mood/001", kept)
    assert (read.look, read.days) == (2, state().days)
    with suppress(ZeroDivisionError), kept_calls(calls) as kept:  # killed within
        folder.end(replace(read, days=[]), kept)
        _ = 1 // 0
    with kept_calls(calls) as kept:
        assert folder.read("mood/001", kept) == read


def test_without_its_state_the_calls_begin_anew_too(tmp_path: Path) -> None:
    """Their logs are read from the beginning again."""
    folder = MonitorFolder(tmp_path, "mood")
    with kept_calls(tmp_path / "calls.db") as kept:
        kept.judged_unkept("mood/001", "2026-11-01", [True])
        folder.write(folder.end(state(), kept))
    (tmp_path / "state.json").unlink()
    with kept_calls(tmp_path / "calls.db") as kept:
        assert folder.read("mood/001", kept) == MonitorState("mood/001")
        assert kept.days("mood/001") == []


@pytest.mark.parametrize("torn", ["{", "[]", '{"run": 3}', '{"run": "mood/001", "version": 9}'])
def test_a_state_that_cannot_be_read_names_the_next_move(torn: str, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(torn)
    with pytest.raises(UsageError, match="move"), kept_calls(tmp_path / "calls.db") as kept:
        MonitorFolder(tmp_path, "mood").read("mood/001", kept)


def test_one_look_at_a_time(tmp_path: Path) -> None:
    folder = MonitorFolder(tmp_path, "mood")
    with folder.lock(), pytest.raises(UsageError, match="monitor/mood is held by process"), folder.lock():
        pass
