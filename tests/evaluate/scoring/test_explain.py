"""What scores the answers, and what nothing judges, is said before anything is paid for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ended import Distill

from distill.evaluate.scoring.explain import before
from distill.pipeline.open_task import open_task

NOTES = ["lamp", "kettle", "chair", "box", "shelf", "mirror"]


def known(task: Path, make: Any) -> None:
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    (task.parent / "seeds.jsonl").write_text(
        "".join(json.dumps(row | {"expected": make(i)}) + "\n" for i, row in enumerate(rows))
    )


def note(i: int) -> str:
    return f"The customer number {i} asks where the {NOTES[i % 6]} is now."


@pytest.mark.parametrize(
    ("make", "sets", "line", "warning"),
    [
        (lambda _: {"mood": "glad"}, (), "`mood` as values, by json_fields, agreement", ""),
        (lambda i: ["glad", "cross"][i % 2], ("teacher.output=null",), "answers as plain values, by json_fields, agreement", ""),
        (note, ("teacher.output=null",), "the answer by likeness: chrf, rouge_l", "the answer by likeness only. Likeness is shared wording"),
        (lambda i: {"mood": "glad", "note": note(i)}, ("teacher.output=null",), "`note` by likeness: chrf:note", "`note` by likeness only."),
        (note, ("teacher.output=null", "evaluate.metrics=[agreement]"), "", "no metric judges the answer, which is free text"),
        (lambda _: None, ("seeds.gold=null",), "`mood` as values, by agreement with the teacher", "how often it is right is not measured"),
    ],
)  # fmt: skip
def test_the_known_answers_and_the_schema_tell(
    task: Path, make: Any, sets: tuple[str, ...], line: str, warning: str
) -> None:
    known(task, make)
    found = before(open_task(task, overrides=sets, env={}))
    assert line in "\n".join(found.lines)
    assert warning in "\n".join(found.warnings)
    assert bool(warning) == bool(found.warnings)


def test_a_check_of_the_tasks_own_is_enough_for_free_text(task: Path) -> None:
    known(task, note)
    (task.parent / "verify.py").write_text("def check(row): return True\n")
    found = before(open_task(task, overrides=["teacher.output=null", "gates=[verify]"], env={}))
    assert "answers by the task's own check, verify" in found.lines
    assert not found.warnings


def test_validate_and_plan_say_it(task: Path, distill: Distill) -> None:
    known(task, note)
    sets = ("--set", "teacher.output=null", "--set", "strata={}")
    for command in (("validate", task), ("plan", task, "--no-pilot")):
        said = distill(*command, *sets).out
        assert "scored: the answer by likeness: chrf, rouge_l" in said
        assert "warning: the answer by likeness only." in said
        found = json.loads(distill(*command, *sets, "--json").out)
        assert found["scored_by"][0].startswith("the answer by likeness")


def test_a_judge_is_named_and_is_enough_for_free_text(task: Path) -> None:
    known(task, lambda _: None)
    sets = ("teacher.output=null", "gates=[finish_reason]", "evaluate.judge={}", "seeds.gold=null")
    found = before(open_task(task, overrides=sets, env={}))
    assert "answers by judges, on accuracy, style, format, edge cases" in found.lines
    assert not any("carries no verdict" in warning for warning in found.warnings)


def test_a_field_that_can_be_no_text_is_not_told_as_one(task: Path) -> None:
    """True and false, and a schema without room for text, leave nothing to likeness."""
    schema = {"type": "object", "properties": {"mood": {"enum": ["glad", "cross"]}, "urgent": {"type": "boolean"}}}
    (task.parent / "answer.schema.json").write_text(json.dumps(schema))
    known(task, lambda _: None)
    found = before(open_task(task, overrides=["seeds.gold=null"], env={}))
    assert found.lines[0] == "`mood`, `urgent` as values, by agreement with the teacher"
    assert len(found.warnings) == 1


def test_tool_calls_are_told_as_calls_and_not_as_fields(task: Path) -> None:
    known(task, lambda i: {"content": None, "tool_calls": [{"name": "find", "arguments": {"id": i}}]})
    found = before(open_task(task, overrides=["teacher.output=null", "gates=[finish_reason]"], env={}))
    assert found.lines[0] == "tool calls, by name and arguments: tool_calls, agreement_tool_calls"
