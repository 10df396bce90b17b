"""Whether student and teacher said the same to one call, by the rules of the evaluation."""

from __future__ import annotations

from collections.abc import Mapping

from distill.lifecycle.logs.call import BatchInput, NoCall
from distill.lifecycle.logs.shapes import openai
from distill.lifecycle.monitor.sample.differing import differing, student_said
from distill.records import Json
from distill.task.task import Task


def teacher_said(request: Mapping[str, Json], response: Mapping[str, Json]) -> str | None:
    """The teacher's answer as one text; None where it has none, or declined."""
    try:
        found = openai.read({"request": request, "response": response}, {})
    except NoCall:
        return None
    if isinstance(found, BatchInput) or found.refusal:
        return None
    return student_said(found.answer, found.tool_calls)


def agree(task: Task, text: str, student: str, teacher: str) -> bool:
    """`text` is the input of the call."""
    return not differing(task, {text: (student, "")}, {text: teacher})[text]
