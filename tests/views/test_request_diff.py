"""What differs between two requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.cli.text.rows import diff_lines
from distill.errors import UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.teacher.progress import Silent
from distill.views import request_diff


def generate(task: Path, *sets: str, **how: bool) -> str:
    task = open_task(task, overrides=sets, env={})
    return str(running.start(task, stages=("generate", "curate"), watch=Silent(), **how).name)


def test_the_changed_part_of_a_key_is_named(task: Path) -> None:
    """One more sentence in the prompt and another ceiling: exactly these two, and where the texts part."""
    first = generate(task)
    asked = str(1 + next(n for n in range(48) if _has_answer(task, first, n + 1)))
    (task.parent / "teacher.md").write_text("Say the mood as JSON. Be brief.\n[user]\n{{message}}\n")
    second = generate(task, "teacher.sampling.max_tokens=99", new=True)
    found = request_diff.differences(task.parent, f"{first}:{asked}", f"{second}:{asked}")
    assert [part.path for part in found.differences] == ["body.max_tokens", "body.messages[0].content"]
    assert "Be brief" in "\n".join(diff_lines(found))
    same = request_diff.differences(task.parent, found.a, found.a[:12])
    assert same.same
    assert same.differences == []


def _has_answer(task: Path, run: str, line: int) -> bool:
    from distill.views.explain import explain

    return bool(explain(task.parent, run, str(line)).samples)


def test_an_unknown_request_is_refused_with_the_next_move(task: Path) -> None:
    generate(task)
    with pytest.raises(UsageError, match="distill explain"):
        request_diff.differences(task.parent, "zzz", "zzz")
