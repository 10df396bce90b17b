"""docs/circle.md: its commands run in their order, and what it shows of their output is what they say."""

from __future__ import annotations

import re
from pathlib import Path

import circle
import pytest
from ended import Distill

PAGE = (Path(__file__).parents[1] / "docs" / "circle.md").read_text()
Shown = tuple[list[str], list[str]]
WEEKS = {1: 0.0, 2: 0.2, 3: 0.2}
"""Week of production → the share of the new topic."""


def shown() -> list[Shown]:
    """(words behind `distill`, lines that are shown of what it says) of each command, in the order of the page."""
    found: list[Shown] = []
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ distill "):
                found.append((line.removeprefix("$ distill ").split(), []))
            else:
                found[-1][1].append(line)
    return found


def plain(line: str) -> str:
    """A line without what differs from machine to machine: folders, hashes."""
    return re.sub(r"\b[0-9a-f]{12}\b", "HASH", re.sub(r"\S*/registry/mood/", "/registry/mood/", line)).rstrip()


def join_the_harvest(spec: Path) -> None:
    """The line of the page in place of the seeds' own."""
    line = next(line for line in PAGE.splitlines() if line.startswith("seeds:") and "harvested.jsonl" in line)
    before = next(line for line in spec.read_text().splitlines() if line.startswith("seeds:"))
    spec.write_text(spec.read_text().replace(before, line))


def test_the_circle(tmp_path: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    """Distil, promote, drift, harvest, refresh, promote, roll back: a whole student serves at every moment."""
    spec, week = circle.write_task(tmp_path), 0
    monkeypatch.chdir(tmp_path)
    with circle.teacher() as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        for words, lines in shown():
            if words[0] == "monitor":
                week += 1
                circle.log_week(tmp_path, week, drifted=WEEKS[week])
            if words[0] == "refresh" and "harvested.jsonl" not in spec.read_text():
                join_the_harvest(spec)
            said = distill(*words)
            assert said.code == (4 if "--harvest" in words else 0), (words, said)
            told = {plain(line) for line in said.out.splitlines()}
            assert [line for line in map(plain, lines) if line not in told] == [], (words, said.out)
    assert week == len(WEEKS)
    assert str((tmp_path / "registry/mood/current").readlink()).startswith("students/001-")
    assert sorted(path.name for path in (tmp_path / "runs/mood").iterdir() if path.is_dir()) == ["001", "002"]
