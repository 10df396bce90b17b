"""The monitor looks at what the student said in production, and an alarm switches it off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from proxied import proxied, request
from proxy_students import GLAD, promoted
from upstreams import whole

from distill.proxy.recording.answered_call import AnsweredCall


@pytest.mark.slow
async def test_an_alarm_switches_the_student_off(home: Path) -> None:
    """Answers that break the schema, and a look of `distill monitor` in a process of its own."""
    async with proxied(home, mode="live", student=promoted(home)) as proxy:
        student, writer = proxy.parts.student, proxy.parts.writer
        assert student is not None
        assert student.live is not None
        await student.watch.once()
        assert student.watch.said.looked == "", "there was nothing to look at"
        for number in range(400):
            answer = json.dumps(whole(f"no JSON {number}")).encode()
            writer.hand_over(AnsweredCall(1_796_000_000.0, 0.1, request(f"{GLAD} {number}"), answer, by="student"))
        await writer.written(
            AnsweredCall(1_796_000_000.0, 0.1, request(GLAD), json.dumps(whole("last")).encode(), by="student")
        )
        await student.watch.once()
        assert student.watch.said.fault == ""
        assert any(one.startswith("Schema failures") for one in student.watch.said.alarms)
        assert student.live.off
        assert b"chatcmpl-w" in (await proxy.chat(GLAD))[1]
