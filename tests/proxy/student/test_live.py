"""The student answers before the teacher, and the teacher wherever it should."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from openai import AsyncOpenAI
from proxied import Proxied, proxied, request, rows
from proxy_students import CROSS, FAR, GLAD, promoted

from distill.proxy.student import live as module
from distill.proxy.student.alarms import switched_back
from distill.proxy.student.live import Live
from distill.proxy.student.serving import own_folder


def live_of(proxy: Proxied) -> Live:
    assert proxy.parts.student is not None
    assert proxy.parts.student.live is not None
    return proxy.parts.student.live


async def test_the_student_answers_what_it_may_and_the_teacher_the_rest(home: Path) -> None:
    async with proxied(home, mode="live", student=promoted(home)) as proxy:
        async with AsyncOpenAI(base_url=proxy.url, api_key="sk-mine", max_retries=0) as client:
            turns = json.loads(request(CROSS))["messages"]
            own = await client.chat.completions.create(model="big-1", messages=turns)
            assert (own.model, own.choices[0].message.content) == ("distill/mood/001", '{"mood": "cross"}')
            stream = await client.chat.completions.create(model="big-1", messages=turns, stream=True)
            assert "".join([part.choices[0].delta.content or "" async for part in stream]) == '{"mood": "cross"}'
        assert proxy.api.came == []
        assert b"chatcmpl-w" in (await proxy.chat(FAR))[1]
        assert b"chatcmpl-w" in (await proxy.chat(GLAD, n=2))[1]
        counts = live_of(proxy).counts
    assert len(proxy.api.came) == 2
    assert (counts.asked, counts.answered, dict(counts.not_taken), dict(counts.passed_by)) == (
        3,
        2,
        {"far": 1},
        {"request": 1},
    )
    assert [row["answered_by"] for row in [*rows(proxy.folder), *rows(proxy.folder, "student")]] == ["teacher"] * 2 + [
        "student"
    ] * 2
    assert all(0 <= row["confidence"] <= 1 and row["why"] == "sure" for row in rows(proxy.folder, "student"))
    assert proxy.parts.passing.counts.by_student == 2


async def test_with_keys_the_student_answers_their_callers_alone(home: Path) -> None:
    """Whoever has another key, or none, is the teacher's to answer or to refuse."""
    async with proxied(home, mode="live", student=promoted(home), caller_keys=("sk-ours", "sk-also")) as proxy:
        turns = json.loads(request(CROSS))["messages"]
        for key, model in (("sk-also", "distill/mood/001"), ("sk-other", "big-1")):
            async with AsyncOpenAI(base_url=proxy.url, api_key=key, max_retries=0) as client:
                found = await client.chat.completions.create(model="big-1", messages=turns)
            assert (found.model.startswith("distill/"), model.startswith("distill/")) in ((True, True), (False, False))
        assert len(proxy.api.came) == 1
        assert proxy.parts.passing.counts.other_keys == 1
        assert live_of(proxy).counts.asked == 1


def _broken(*_: object) -> None:
    raise RuntimeError("a bug in a student")


def _slow(*_: object) -> None:
    time.sleep(0.3)


@pytest.mark.parametrize(("fault", "timeout_s"), [(_broken, 30), (_slow, 0.05)])
async def test_whatever_a_student_does_the_teacher_answers_and_a_failing_student_rests(
    home: Path, fault: Callable[..., None], timeout_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = replace(promoted(home), timeout_s=timeout_s)
    async with proxied(home, mode="live", student=student) as proxy:
        monkeypatch.setattr("distill.proxy.student.asking.next_step", fault)
        for _ in range(module.FAILURES + 2):
            status, body = await proxy.chat(GLAD)
            assert (status, b"chatcmpl-w" in body) == (200, True)
        counts = live_of(proxy).counts
        assert (counts.asked, sum(counts.not_taken.values()), counts.passed_by["resting"]) == (3, 3, 2)
        assert any("rests 30 seconds" in one for one in proxy.said)
        monkeypatch.undo()
        monkeypatch.setattr(live_of(proxy), "_rests_until", 0.0)
        assert fault is _slow or b"distill/mood/001" in (await proxy.chat(GLAD))[1]


async def test_a_student_that_was_switched_off_stays_so_until_another_is_promoted_or_it_is_let_again(
    home: Path,
) -> None:
    student = promoted(home)
    async with proxied(home, mode="live", student=student) as proxy:
        live_of(proxy).switch_back(["Schema failures: 40 % of 100 calls"])
        assert b"chatcmpl-w" in (await proxy.chat(GLAD))[1]
        assert proxy.said == [
            "student 1 of registry/mood is switched off, the teacher answers: Schema failures: 40 % of 100 calls"
        ]
        folder = own_folder(proxy.parts.settings)
    kept = switched_back.read(folder)
    assert kept is not None
    assert (kept.student, kept.why) == (1, ["Schema failures: 40 % of 100 calls"])
    async with proxied(home, mode="live", student=student) as proxy:
        assert b"chatcmpl-w" in (await proxy.chat(GLAD))[1], "after a restart too"
        assert "--again lets it answer" in proxy.said[0]
    promoted(home, "mood/002")
    async with proxied(home, mode="live", student=student) as proxy:
        assert b"distill/mood/002" in (await proxy.chat(GLAD))[1]
    promoted(home, "mood/001")
    async with proxied(home, mode="live", student=replace(student, again=True)) as proxy:
        assert b"distill/mood/001" in (await proxy.chat(GLAD))[1]
    assert switched_back.read(folder) is None
