"""`distill checklist` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from ended import Distill


def test_each_item_has_its_state_and_its_next_step(finished_moods: Path, distill: Distill) -> None:
    said = distill("checklist", "mood", "--home", finished_moods.parent)
    assert said.code == 0, said.err
    assert "mood/001: " in said.out
    assert "[x] leak checks: " in said.out
    assert "[ ] test split: 80 rows" in said.out
    assert "next: raise seeds.test.rows" in said.out
    assert "[ ] fallback: no student/routing.json" in said.out


def test_strict_ends_with_4_and_json_holds_the_same(finished_moods: Path, distill: Distill) -> None:
    said = distill("checklist", finished_moods, "--strict", "--json")
    assert said.code == 4
    found = json.loads(said.out)
    assert found["ready"] is False
    assert found["met"] + found["not_met"] + found["not_measured"] == len(found["items"])


def test_a_run_that_has_only_begun_is_not_measured(task: Path, distill: Distill) -> None:
    assert distill("generate", task).code == 0
    said = distill("checklist", task)
    assert said.code == 0
    assert "[?] verdict: nothing was compared" in said.out
