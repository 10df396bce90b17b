"""The last look of the monitor, as its file says; no file is no look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.lifecycle.calendar.monitor_look import last_look
from distill.lifecycle.calendar.result import LastLook


def write(home: Path, text: str) -> None:
    folder = home / "monitor" / "mood"
    folder.mkdir(parents=True)
    (folder / "monitor.json").write_text(text)


def test_what_it_found(tmp_path: Path) -> None:
    assert last_look(tmp_path, "mood") == (None, "")
    kept = {
        "looked": "2026-11-29T03:00:00+00:00",
        "run": "mood/002",
        "alarms": ["a", "b"],
        "days": [{"day": "2026-11-28"}],
    }
    write(tmp_path, json.dumps(kept))
    assert last_look(tmp_path, "mood").look == LastLook("2026-11-29", "mood/002", 2)


@pytest.mark.parametrize("text", ["{", "[]", '{"looked": 1}', '{"looked": "soon", "run": "r", "alarms": []}'])
def test_a_file_that_is_not_its_own(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    found = last_look(tmp_path, "mood")
    assert found.look is None
    assert "monitor/mood/monitor.json" in found.broken
