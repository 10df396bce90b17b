"""Training as a part of a run: what answers for the student, and how few rows are too few."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import GateNotMet
from distill.pipeline.open_task import open_task
from distill.student.stage import engine, enough


@pytest.mark.parametrize(("way", "answers"), [("lora", "llama.cpp"), ("full", "transformers")])
def test_base_and_student_answer_by_the_engine_that_has_both(task: Path, way: str, answers: str) -> None:
    """A whole model that was tuned is no file of llama.cpp, so its base does not answer by llama.cpp either."""
    opened = open_task(task, overrides=[f"student.train={{with: {way}}}"], env={}, priced=False)
    assert engine(opened) == answers


def test_too_few_rows_end_a_run_before_it_trains() -> None:
    enough(10)
    with pytest.raises(GateNotMet, match="9 rows are left"):
        enough(9)
