"""A report stands before the student is trained, and says what is still to come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tuning_host

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent

SETS = (
    "student.train={with: hosted, base: tiny, poll_s: 0.01}", "evaluate.arms=[teacher, linear, student]",
    "seeds.gold_rows=train", "seeds.test={share: 0.25, gold: true}", "dataset.accept=null",
)  # fmt: skip


class Reader(Silent):
    """Keeps what the report says at the moment when it is told of."""

    def __init__(self) -> None:
        self.pages: list[str] = []

    def say(self, text: str) -> None:
        if "first page" in text:
            self.pages.append(Path(text.rsplit(" ", 1)[1]).read_text())


@pytest.fixture
def moods(task: Path) -> Path:
    """80 rows whose words tell the mood that people gave them."""
    words = {"glad": "thank you, lovely", "cross": "never again, awful"}
    rows = [
        {
            "message": f"{words[mood]} {n * 7919} {n * 104729 % 9973}",
            "kind": "ab"[n % 3 % 2],
            "expected": {"mood": mood},
        }
        for n in range(80)
        for mood in (("glad", "cross")[n % 2],)
    ]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


async def test_the_first_page_shows_the_linear_model_and_the_last_one_the_verdict(moods: Path) -> None:
    reader = Reader()
    async with tuning_host.serve() as host:
        task = open_task(moods, overrides=SETS, env={"OPENAI_BASE_URL": host.base_url})
        done = await running.work(task, stages=ORDER, watch=reader)
        again = await running.work(task, stages=ORDER, watch=reader)
    (first,) = reader.pages
    assert "Not yet" in first or "not yet" in first
    assert "Linear model of the same rows" in first
    assert "Still to come" in first
    last = (done.folder / "report.html").read_text()
    assert "Still to come" not in last
    assert "Linear model of the same rows" in last
    assert again.requests_sent == 0
