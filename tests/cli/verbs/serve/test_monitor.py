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


def test_later_feedback_is_given_alone_and_its_rows_add_up(
    finished_moods: Path, distill: Distill, tmp_path: Path
) -> None:
    log, said = write(tmp_path / "calls.jsonl", 20), tmp_path / "said.jsonl"
    distill("monitor", finished_moods, log)
    said.write_text(
        "".join(json.dumps(row) + "\n" for row in (
            {"id": f"c-{START}", "correct": True}, {"id": f"c-{START + 1}", "correct": False}, {"id": "c-0", "correct": True},
            {"id": f"c-{START}", "correct": True},
        ))
    )  # fmt: skip
    found = distill("monitor", finished_moods, "--feedback", said)
    assert "right by feedback: 50.0 % (9.5 % to 90.5 %, n = 2); on the run's test rows " in found.out
    assert "feedback: 4 rows: 2 new, 1 with a better word on the same call, 1 left out" in found.out
    assert "  1 of no call that is kept (first said.jsonl:3)" in found.out
    again = json.loads(distill("monitor", finished_moods, "--feedback", said, "--json").out)["feedback"]
    assert (again["new"], again["again"], again["accuracy"]["n"]) == (0, 2, 2)
    assert distill("monitor", finished_moods, "--feedback", tmp_path / "nowhere.jsonl").code == 2
    nothing = distill("monitor", finished_moods)
    assert nothing.code == 2
    assert "no log is named" in nothing.err


def test_bad_arguments_are_one_line(finished_moods: Path, distill: Distill, tmp_path: Path) -> None:
    log = write(tmp_path / "calls.jsonl", 5)
    assert "expected NAME=VALUE" in distill("monitor", finished_moods, log, "--label", "kind").err
    assert distill("monitor", finished_moods, tmp_path / "nowhere.jsonl").code == 2
    said = distill("monitor", finished_moods, log, "--set", "monitor.limits={shema: 0.1}")
    assert said.code == 2
    assert "did you mean 'schema'" in said.err
