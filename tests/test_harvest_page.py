"""docs/harvest.md: its code runs and says what stands there, and its tables name every reason that there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from production_logs import openai, write

from distill.lifecycle.harvest import harvest
from distill.lifecycle.logs import tally

PAGE = (Path(__file__).parents[1] / "docs" / "harvest.md").read_text()
PARCEL = "the parcel came with a broken violin"


def write_logs(home: Path) -> None:
    """A week of production, as the page has it."""
    bad = {"feedback": "down"}
    (home / "logs").mkdir()
    write(
        home / "logs/app.jsonl", openai("lovely weather today", feedback="up"), openai(f"{PARCEL}, write to anna@mail.co.uk", **bad),
        openai(f"{PARCEL}, write to anna@mail.co.uk!", **bad), openai("Bonjour", system="Translate.", **bad), '{"request": {"mess',
        openai("why was I charged twice for onions", metadata={"private": True}, **bad), openai("my ladder order shows two passports", **bad),
    )  # fmt: skip


def test_the_code_says_what_the_page_says(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    write_logs(home)
    code, said = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", PAGE, re.DOTALL)[0]
    exec(code, {})  # noqa: S102  # the page's own text
    assert capsys.readouterr().out == said


def test_the_row_on_the_page_has_the_columns_of_a_harvest() -> None:
    row = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
    assert set(harvest.OWN) < set(row)


@pytest.mark.parametrize("reason", [*tally.REASONS, *harvest.REASONS])
def test_every_reason_is_explained(reason: str) -> None:
    assert f"`{reason}`" in PAGE
