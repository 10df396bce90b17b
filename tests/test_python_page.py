"""docs/python.md is true: its blocks run in order, in a plain interpreter and inside a running loop."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "python.md").read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what the page names."""
    for name in ("prompts", "data"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compiled(block: str) -> Any:
    return compile(block, "python.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def right(names: dict[str, Any], home: Path) -> None:
    """What the page leads to."""
    assert len(BLOCKS) >= 5
    assert names["run"].dataset.height == 80
    assert names["run"].folder == home / "runs" / "support-triage" / "001"
    assert names["again"].requests_sent == 0
    assert 0 < names["long"].kept.height < names["run"].samples.height
    assert names["even"].kept["stratum"].value_counts()["count"].max() == 2


def test_page_runs_in_a_plain_interpreter(project: Path) -> None:
    names: dict[str, Any] = {}
    for block in BLOCKS:
        code = compiled(block)
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, names))  # noqa: S307  # the page's own text
        else:
            exec(code, names)  # noqa: S102  # the page's own text
    right(names, project)


async def test_page_runs_inside_a_running_loop(project: Path) -> None:
    """As the cells of a notebook."""
    names: dict[str, Any] = {}
    for block in BLOCKS:
        result = eval(compiled(block), names)  # noqa: S307  # the page's own text
        if inspect.isawaitable(result):
            await result
    right(names, project)
