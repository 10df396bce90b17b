"""The student of a run, or why it has none to ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir
from distill.ship.student import tuned_student


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ("{with: none}", "nothing was trained"),
        ("{with: hosted, base: gpt, price: {input: 0, output: 0}}", "at the host, which serves it"),
        ("{with: lora}", "has no adapter yet; run `distill train mood/001` first"),
    ],
)
def test_a_run_without_an_adapter_is_told(task: Path, train: str, said: str) -> None:
    opened = open_task(task, overrides=[f"student.train={train}"], env={}, priced=False)
    with pytest.raises(UsageError, match=said):
        tuned_student(opened, RunDir(opened.home, "mood", 1))
