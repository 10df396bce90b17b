"""docs/preflight.md is true: its example says what the page shows, and every fault stands in its table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ended import Distill

from distill.student.preflight.hosts import HOSTS
from distill.student.preflight.kinds import KINDS

PAGE = (Path(__file__).parents[1] / "docs" / "preflight.md").read_text()


def test_example_says_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, distill: Distill) -> None:
    rows, shown = (
        re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0] for kind in ("json", "text")
    )
    (tmp_path / "rows.jsonl").write_text(rows)
    monkeypatch.chdir(tmp_path)
    said = distill("preflight", "rows.jsonl")
    assert said.code == 4
    assert said.out.startswith(shown)


def test_table_names_every_fault_once() -> None:
    table = [line for line in PAGE.splitlines() if line.startswith("|")]
    named = [name for line in table for name in re.findall(r"`(\w+)`", line)]
    assert sorted(named) == sorted(KINDS)


def test_page_names_every_host() -> None:
    assert all(name in PAGE for name in HOSTS)
