"""When what was asked: batches and live calls of a run, in report.json and on the page."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from by_batch import double, run

from distill.report.timeline import DeadlineOutcome, Timeline
from distill.task.run import ORDER


@pytest.mark.slow
async def test_timeline_of_a_run_by_batch(task: Path) -> None:
    """Every batch is a part, their answers come to the run's, and the report shows them."""
    async with double(hurry=72_000) as server:
        result = await run(task, server, "batch", stages=ORDER, wait=True)
    folder = result.folder
    found = json.loads((folder / "report.json").read_bytes())["timeline"]
    batches = [part for part in found["parts"] if part["way"] == "batch"]
    assert sum(part["answered"] for part in batches) == found["rows"]["batch"] > 0
    assert found["parts"] == sorted(found["parts"], key=lambda part: (part["start"], part["end"]))
    assert all(0 <= part["start"] <= part["end"] <= 1 for part in found["parts"])
    assert {"from", "until", "ended"} <= batches[0].keys()
    assert found["sentences"][0] in (folder / "report.html").read_text()


def test_timeline_says_whether_the_deadline_was_met() -> None:
    late = DeadlineOutcome(at="05:00", met=False, last="06:00", owed=3)
    found = Timeline([], "01:00", "06:00", {"batch": 0.5, "live": None}, {"batch": 1200, "live": 1}, late)
    assert (
        found.sentences[1] == "The deadline, 05:00, was missed: the last answer came at 06:00, and 3 rows are pending."
    )
    assert asdict(found)["sentences"] == found.sentences
