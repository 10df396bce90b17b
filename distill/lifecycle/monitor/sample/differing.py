"""Whether a logged answer and the teacher's say the same, by the rules that the evaluation uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress

from distill.evaluate.fields import FieldRules, field_rules
from distill.evaluate.metrics import METRICS, Example, NotScorable
from distill.records import Answer, Ended, ToolCall
from distill.task.task import Task
from distill.values.likeness import likeness

ALIKE = 0.5
"""The likeness (chrF) from which two free texts count as the same answer, where no judge compares them."""


def student_said(answer: str, tool_calls: str) -> str:
    """A logged answer as one text."""
    calls = tuple(ToolCall(name, arguments) for name, arguments in json.loads(tool_calls)) if tool_calls else ()
    return Answer("", Ended.OK, answer, tool_calls=calls).said


def is_free_text(task: Task, said: Mapping[str, str]) -> bool:
    """Whether many wordings of an answer are right, so that only a judge can compare two; `said` are answers by input."""
    return bool(said) and _rules(task, said).kind == "text"


def differing(task: Task, student: Mapping[str, tuple[str, str]], teacher: Mapping[str, str]) -> dict[str, bool]:
    """Input → whether student (text, tool calls) and teacher differ, of those that the teacher answered."""
    rules = _rules(task, teacher)
    return {text: _differs(task, rules, theirs, *student[text]) for text, theirs in teacher.items()}


def _rules(task: Task, teacher: Mapping[str, str]) -> FieldRules:
    settings = task.spec.evaluate
    inputs = {text: text for text in teacher}
    return field_rules(
        schema=task.output, given=settings.rules, only=settings.only, golds={}, teacher=dict(teacher), inputs=inputs
    )


def _differs(task: Task, rules: FieldRules, teacher: str, student: str, calls: str) -> bool:
    if teacher == student:
        return False
    example = Example(schema=task.output, teacher=teacher, gold_rules=rules.gold, teacher_rules=rules.teacher)
    with suppress(NotScorable):
        return METRICS["agreement_tool_calls" if calls else "agreement"](example, student).value < 1
    return likeness("chrf", teacher, student) < ALIKE
