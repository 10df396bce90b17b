"""The page about the judge in evaluation: its group is judged by, and its settings are those that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from ended import Distill

from distill.spec.evaluation.judge import DEFAULT_DIMENSIONS, EvaluationJudge

PAGE = (Path(__file__).parents[1] / "docs" / "judge-evaluation.md").read_text()


def test_the_example_runs(task: Path, monkeypatch: pytest.MonkeyPatch, distill: Distill) -> None:
    """With the scripted model in the place of the two that it names, and its command on a task of its own."""
    shown = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
    group = yaml.safe_load(shown)
    group["evaluate"]["judge"]["models"] = [{"model": "scripted"}]
    group["evaluate"]["arms"] = ["teacher"]
    rows = [{"message": f"note {n}", "kind": "a", "answer": {"mood": "glad"}, "good": n % 2 == 0} for n in range(4)]
    (task.parent / "labelled.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task.write_text(yaml.safe_dump({**yaml.safe_load(task.read_text()), **group}))
    command = re.findall(r"^\$ distill (\w+) prompts/my-task$", PAGE, re.MULTILINE)
    monkeypatch.chdir(task.parent)
    done = distill(command[0], task, "--json")
    assert done.code == 0, done.err
    (found,) = task.parent.glob("runs/mood/*/comparison.json")
    judging = json.loads(found.read_bytes())["judging"]
    assert judging["judges"] == ["scripted"]
    assert judging["scored"] == 12
    assert judging["reliability"]["agreement"]["n"] == 4


def test_every_setting_and_dimension_is_named() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(EvaluationJudge.model_fields)
    assert all(f"`{name}`" in PAGE for name in DEFAULT_DIMENSIONS)
