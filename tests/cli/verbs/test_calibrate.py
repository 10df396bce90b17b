"""The verb that holds gates against people, and what the others say of judges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml


@pytest.fixture
def judged(task: Path) -> Path:
    spec = yaml.safe_load(task.read_text())
    task.write_text(
        yaml.safe_dump(spec | {"judge": {"dimensions": {"fits": "It fits."}}, "gates": ["schema", "judge"]})
    )
    (task.parent / "judge.md").write_text("Does it fit?")
    rows = [{"message": f"m {n}", "kind": "a", "answer": {"mood": "glad"}, "good": n > 1} for n in range(4)]
    (task.parent / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


def distill(*words: str | Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI")}
    return subprocess.run(
        [sys.executable, "-m", "distill", *map(str, words)], capture_output=True, text=True, env=env, check=False
    )


def test_the_table_and_the_object_say_the_same(judged: Path) -> None:
    shown = distill("calibrate", judged, "--gold", judged.parent / "labels.jsonl")
    assert shown.returncode == 0, shown.stderr
    assert "4 labelled answers" in shown.stdout
    assert "warning: Judge and teacher are one model, scripted" in shown.stdout
    found = json.loads(distill("calibrate", judged, "--gold", judged.parent / "labels.jsonl", "--json").stdout)
    assert (found["requests_sent"], found["owed"]) == (0, 0)
    schema, judge = found["gates"]
    assert f"{schema['gate']:16}{schema['n']:>6}{schema['agreement']['mean']:>8.0%}" in shown.stdout
    assert judge["n"] + judge["unscored"] == 4


def test_a_judge_that_is_not_there_is_exit_3_and_no_labels_exit_2(judged: Path) -> None:
    gone = "judge.models=[{model: m, base_url: 'http://127.0.0.1:9/v1', limits: {attempts: 1}}]"
    owed = distill("calibrate", judged, "--gold", judged.parent / "labels.jsonl", "--set", gone)
    assert owed.returncode == 3, owed.stderr
    assert "4 verdicts are pending; run again" in owed.stdout
    none = distill("calibrate", judged)
    assert (none.returncode, none.stdout) == (2, "")
    assert "give --gold FILE" in none.stderr


def test_a_spec_whose_teacher_judges_itself_is_sound_with_a_warning(judged: Path) -> None:
    shown = distill("validate", judged)
    assert shown.returncode == 0
    assert "warning: Judge and teacher are one model, scripted" in shown.stdout
    assert json.loads(distill("validate", judged, "--json").stdout)["warnings"]
