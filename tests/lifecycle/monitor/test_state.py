"""What is kept between two looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import UsageError
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
    assert folder.read("mood/001") == MonitorState("mood/001")
    folder.write(state())
    read = folder.read("mood/001")
    assert (read.days, read.logs, read.examples) == (state().days, state().logs, state().examples)
    assert read.evidence["schema"].log == state().evidence["schema"].log


def test_of_another_run_only_the_places_in_the_logs_are_kept(tmp_path: Path) -> None:
    folder = MonitorFolder(tmp_path, "mood")
    folder.write(state())
    assert folder.read("mood/002") == MonitorState("mood/002", logs=state().logs)


@pytest.mark.parametrize("torn", ["{", "[]", '{"run": 3}', '{"run": "mood/001", "version": 9}'])
def test_a_state_that_cannot_be_read_names_the_next_move(torn: str, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(torn)
    with pytest.raises(UsageError, match="move"):
        MonitorFolder(tmp_path, "mood").read("mood/001")


def test_one_look_at_a_time(tmp_path: Path) -> None:
    folder = MonitorFolder(tmp_path, "mood")
    with folder.lock(), pytest.raises(UsageError, match="monitor/mood is held by process"), folder.lock():
        pass
