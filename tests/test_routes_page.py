"""docs/routes.md: its commands run in their order, and its code answers a row."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from echoes import echoing
from ended import Distill
from route_folders import TEXTS, by_words, written
from routed import OPENAI_KEY

from distill.rundir import RunDir
from distill.ship.routes import write

PAGE = (Path(__file__).parents[1] / "docs" / "routes.md").read_text()


def test_the_commands_of_the_page(routed: RunDir, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(routed.home)
    monkeypatch.setenv("OPENAI_API_KEY", OPENAI_KEY)
    commands = re.findall(r"^\$ distill (.+)$", PAGE, re.MULTILINE)
    assert len(commands) == 3
    for line in commands:
        assert distill(*line.replace("support-triage", "mood").split()).code == 0, line
    assert (routed.home / "routes" / "mood" / "routes.json").exists()


async def test_the_code_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a server of ours in both places, and a row that this student knows."""
    written(tmp_path / "routes" / "support-triage")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", OPENAI_KEY)
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code
    async with echoing(by_words) as (url, _):
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        names: dict[str, object] = {}
        text = code[1].replace("http://127.0.0.1:8000/v1", url).replace("where is my parcel?", TEXTS[0])
        await asyncio.to_thread(exec, text, names)  # our own page
    assert names["found"].value == {"mood": "cross"}  # type: ignore[attr-defined]  # the page made it an answer


def test_the_page_names_every_file_and_reason() -> None:
    for name in (write.SCHEMA, write.TOOLS, write.VECTORS, write.TEMPLATE, *write.PROMPTS.values()):
        assert name in PAGE, name
    for reason in ("far", "stratum", "schema", "unsure", "failed"):
        assert f"`{reason}`" in PAGE, reason
