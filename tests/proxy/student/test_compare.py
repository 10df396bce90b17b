"""Whether student and teacher say the same, as the evaluation counts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from upstreams import whole

from distill.pipeline.open_task import open_task
from distill.proxy.student.compare import agree, teacher_said

ASKED = {"messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize(
    ("student", "teacher", "same"),
    [
        ('{"mood":"glad"}', '{ "mood": "glad" }', True),
        ('{"mood":"glad"}', '{"mood": "cross"}', False),
        ("no JSON", '{"mood": "cross"}', False),
    ],
)
def test_values_are_compared_and_not_their_spelling(home: Path, student: str, teacher: str, same: bool) -> None:
    task = open_task(home / "task.yaml", env={})
    assert agree(task, "thank you", student, teacher) is same


def test_what_a_teacher_said() -> None:
    assert teacher_said(ASKED, whole("a")) == "a"
    refused = whole("")
    refused["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": "No."}
    assert teacher_said(ASKED, refused) is None
    assert teacher_said(ASKED, {"error": {"message": "x"}}) is None
    called = whole("")
    called["choices"][0]["message"] |= {
        "content": None,
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    }
    assert teacher_said(ASKED, called) == '{"content":null,"tool_calls":[{"arguments":{},"name":"f"}]}'
