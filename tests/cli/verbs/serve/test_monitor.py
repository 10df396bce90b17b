"""`distill monitor` at the command line: lines, JSON and exit codes."""

from __future__ import annotations

import json
import random
from pathlib import Path

from ended import Distill
from logged import call, other_kind

START = 1_761_955_200


def write(path: Path, rows: int) -> Path:
    draw = random.Random(1)
    path.write_text("".join(json.dumps(call(*other_kind(draw), START + n)) + "\n" for n in range(rows)))
    return path


def test_an_alarm_is_exit_code_4_and_names_the_page(finished_moods: Path, distill: Distill, tmp_path: Path) -> None:
    log = write(tmp_path / "calls.jsonl", 200)
    said = distill("monitor", finished_moods, log)
    assert said.code == 4
    assert "ALARM  New kinds of input: 100.0 % of" in said.out
    assert str(finished_moods.parent / "monitor" / "mood" / "monitor.html") in said.out
    again = distill("monitor", finished_moods, log, "--json")
    found = json.loads(again.out)
    assert again.code == 4
    assert found["new_calls"] == 0
    assert found["alarms"]


def test_bad_arguments_are_one_line(finished_moods: Path, distill: Distill, tmp_path: Path) -> None:
    log = write(tmp_path / "calls.jsonl", 5)
    assert "expected NAME=VALUE" in distill("monitor", finished_moods, log, "--label", "kind").err
    assert distill("monitor", finished_moods, tmp_path / "nowhere.jsonl").code == 2
    said = distill("monitor", finished_moods, log, "--set", "monitor.limits={shema: 0.1}")
    assert said.code == 2
    assert "did you mean 'schema'" in said.err
