"""The last line of a command says why there is nothing to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import RowsOwed
from distill.flow import running
from distill.flow.opening import open_project
from distill.flow.watch import Silent
from distill.testing.fault_server import Script, serve


async def test_rows_without_an_answer_name_what_most_of_them_met(task: Path) -> None:
    """With no row answered, none is said to be kept."""
    async with serve(Script(faults={"500": 1.0})) as server:
        project = open_project(
            task, overrides=["teacher.model=m", "teacher.limits={attempts: 1, unknown: 1}"],
            env={"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "none"},
        )  # fmt: skip
        with pytest.raises(
            RowsOwed, match=r"rows could not be answered: overloaded: The server had an error; no row is answered yet"
        ):
            await running.work(project, stages=["generate"], watch=Silent())


def test_answers_of_which_none_is_of_use_are_told_by_generate(task: Path) -> None:
    """Sixty answers that every gate would drop are no success to be silent about."""
    project = open_project(task, overrides=["gates=[{form: {matches: never}}]"], env={})
    result = running.start(project, stages=["generate"], watch=Silent())
    assert any("came through the gates (form" in line for line in running.lines(result))
    good = running.start(open_project(task, env={}), stages=["generate"], watch=Silent(), new=True)
    assert good["warnings"] == []
