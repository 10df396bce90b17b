"""Both answer: the caller has the teacher's answer, and the log has both."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from proxied import proxied, rows
from proxy_students import CROSS, FAR, GLAD, promoted

from distill.cli.text.serve.proxy import ended_lines
from distill.proxy.parts import StudentParts
from distill.proxy.status import status
from distill.proxy.student import shadow as module


async def test_the_students_answers_are_rows_with_what_the_teacher_said(home: Path) -> None:
    async with proxied(home, mode="shadow", student=promoted(home)) as proxy:
        for text, stream in ((GLAD, False), (CROSS, True), (FAR, False)):
            _, body = await proxy.chat(text, stream=stream)
            assert b"chatcmpl-s" in body if stream else b"chatcmpl-w" in body, "of the teacher"
        await proxy.chat(
            "hello", messages=[{"role": "system", "content": "Translate."}, {"role": "user", "content": "x"}]
        )
        student = proxy.parts.student
        assert isinstance(student, StudentParts)
        assert student.shadow
        await student.shadow.settled()
        counts = student.counts
    assert len(rows(proxy.folder)) == 4
    own = rows(proxy.folder, "student")
    assert [(row["agrees"], row["why"], row["shadow"]) for row in own] == [
        (True, "sure", True),
        (False, "sure", True),
        (own[2]["agrees"], "far", True),
    ]
    assert [row["response"]["choices"][0]["message"]["content"] for row in own[:2]] == [
        '{"mood": "glad"}',
        '{"mood": "cross"}',
    ]
    assert [row["teacher_said"] for row in own] == ['{"mood": "glad"}'] * 3
    assert all(row["answered_by"] == "student" and row["response"]["model"] == "distill/mood/001" for row in own)
    assert (counts.asked, counts.answered, dict(counts.not_taken), dict(counts.passed_by)) == (
        3,
        2,
        {"far": 1},
        {"other_prompt": 1},
    )
    assert counts.agreed + counts.differed == 3
    told = status(proxy.parts)
    assert (told["answers"], told["student"]["not_taken"], told["student"]["passed_by"]) == (
        "teacher",
        {"far": 1},
        {"other_prompt": 1},
    )
    assert ended_lines(told)[-2].startswith("student 1 of registry/mood: asked 3, would have answered 2 (not: 1 far)")


async def test_a_student_that_is_slow_holds_nothing_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not find room is passed by, and counted; a student that is stuck for too long is given up."""
    monkeypatch.setattr(module, "ROOM", 1)
    stuck = threading.Event()
    async with proxied(home, mode="shadow", student=replace(promoted(home), timeout_s=5)) as proxy:
        student = proxy.parts.student
        assert student is not None
        assert student.shadow
        monkeypatch.setattr("distill.proxy.student.asking.next_step", lambda *_: stuck.wait(30))
        began = time.perf_counter()
        for _ in range(5):
            assert (await proxy.chat(GLAD))[0] == 200
        assert time.perf_counter() - began < 5
        assert student.counts.passed_by["no_room"] == 3
        stuck.set()
        await student.shadow.settled()
    assert len(rows(proxy.folder)) == 5
