"""Rows that no answer came for are reported with what came instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import RowsOwed
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve


async def test_rows_without_an_answer_name_what_most_of_them_met(task: Path) -> None:
    """With no row answered, none is said to be kept."""
    async with serve(Script(faults={"500": 1.0})) as server:
        task = open_task(
            task, overrides=["teacher.model=m", "teacher.limits={attempts: 1, unknown: 1}"],
            env={"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "none"},
        )  # fmt: skip
        with pytest.raises(
            RowsOwed, match=r"rows could not be answered \(.*The server had an error.*\); no other was either"
        ):
            await run.work(task, stages=["generate"], watch=Silent())
