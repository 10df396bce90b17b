"""The verb that holds gates against people, and what the others say of judges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ended import Distill


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


def test_the_table_and_the_object_say_the_same(judged: Path, distill: Distill) -> None:
    shown = distill("calibrate", judged, "--gold", judged.parent / "labels.jsonl")
    assert shown.code == 0, shown.err
    assert "4 labelled answers" in shown.out
    assert "warning: Judge and teacher are one model, scripted" in shown.out
    found = json.loads(distill("calibrate", judged, "--gold", judged.parent / "labels.jsonl", "--json").out)
    assert (found["requests_sent"], found["owed"]) == (0, 0)
    schema, judge = found["gates"]
    assert f"{schema['gate']:16}{schema['n']:>6}{schema['agreement']['mean']:>8.0%}" in shown.out
    assert judge["n"] + judge["unscored"] == 4


def test_a_judge_that_is_not_there_is_exit_3_and_no_labels_exit_2(judged: Path, distill: Distill) -> None:
    gone = "judge.models=[{model: m, base_url: 'http://127.0.0.1:9/v1', limits: {attempts: 1}}]"
    owed = distill("calibrate", judged, "--gold", judged.parent / "labels.jsonl", "--set", gone)
    assert owed.code == 3, owed.err
    assert "4 verdicts are pending; run again" in owed.out
    none = distill("calibrate", judged)
    assert (none.code, none.out) == (2, "")
    assert "give --gold FILE" in none.err


def test_a_spec_whose_teacher_judges_itself_is_sound_with_a_warning(judged: Path, distill: Distill) -> None:
    shown = distill("validate", judged)
    assert shown.code == 0
    assert "warning: Judge and teacher are one model, scripted" in shown.out
    assert json.loads(distill("validate", judged, "--json").out)["warnings"]
