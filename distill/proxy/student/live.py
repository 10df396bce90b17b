"""The student answers where its answer is taken; in every other case the teacher does, whatever the student did.

A student that failed several times in a row rests a while, so that not every call waits for it in vain. Where the monitor raises an alarm the
student is switched off, until another is promoted or a person switches it on again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from starlette.responses import Response

from distill.lifecycle.registry.alias import now
from distill.proxy.passing import Arrived
from distill.proxy.recording.answered_call import AnsweredCall
from distill.proxy.recording.writer import LogWriter
from distill.proxy.student.alarms import switched_back
from distill.proxy.student.alarms.switched_back import SwitchedBack
from distill.proxy.student.completion import body, completion
from distill.proxy.student.counts import StudentCounts
from distill.proxy.student.eligible import student_call
from distill.proxy.student.promoted import Promoted
from distill.proxy.student.serving import AskedStudent, own_folder
from distill.ship.routes.answering import RoutedAnswer

FAILURES = 3
REST_S = 30.0


@dataclass(slots=True)
class Live:
    """What a student that answers does about a call."""

    promoted: Promoted
    writer: LogWriter
    say: Callable[[str], None]
    counts: StudentCounts = field(default_factory=StudentCounts)
    back: SwitchedBack | None = None
    _failed: int = 0
    _rests_until: float = 0.0

    def after(self, call: AnsweredCall) -> None:
        """The teacher's answers are recorded by then, and nothing is left to do."""

    async def instead(self, request: bytes, call: Arrived) -> Response | None:
        student = self._ready()
        if student is None:
            return None
        asked = student_call(request, student.shape)
        if isinstance(asked, str):
            self.counts.passed_by[asked] += 1
            return None
        self.counts.asked += 1
        try:
            async with asyncio.timeout(self.promoted.student.timeout_s):
                found = await student.asker.routed(asked.fields, asked.labels)
        except Exception as fault:  # noqa: BLE001  # whatever the student does, the caller has an answer
            self._failure(f"failed: {type(fault).__name__}")
            return None
        if found.by == "teacher":
            self._failure(found.why) if found.why == "failed" else self._not_taken(found.why)
            return None
        self._failed = 0
        self.counts.answered += 1
        whole = completion(found.text, f"distill/{student.run}")
        await self.writer.written(_row(request, call, orjson.dumps(whole), found))
        kind, sent = body(whole, asked)
        return Response(sent, media_type=kind, headers={"x-distill-answered-by": "student"})

    def switch_back(self, alarms: list[str]) -> None:
        """Let the teacher answer from now on; kept in a file."""
        student = self.promoted.serving
        if student is None or self._is_off(student):
            return
        self.back = SwitchedBack(student.number, now(), alarms)
        self.say(f"{student.name} is switched off, the teacher answers: {'; '.join(alarms)}")
        try:
            switched_back.write(own_folder(self.promoted.settings), self.back)
        except OSError as fault:
            self.say(f"this is not kept over a restart: {fault.strerror or fault}")

    @property
    def off(self) -> bool:
        """Whether the student that serves is switched off."""
        return self.promoted.serving is not None and self._is_off(self.promoted.serving)

    def _ready(self) -> AskedStudent | None:
        student = self.promoted.serving
        if student is None or self._is_off(student):
            self.counts.passed_by["off"] += 1
            return None
        if time.monotonic() < self._rests_until:
            self.counts.passed_by["resting"] += 1
            return None
        return student

    def _is_off(self, student: AskedStudent) -> bool:
        return self.back is not None and self.back.student in (student.number, -1)

    def _not_taken(self, why: str) -> None:
        self._failed = 0
        self.counts.not_taken[why] += 1

    def _failure(self, why: str) -> None:
        self.counts.not_taken[why] += 1
        self._failed += 1
        if self._failed >= FAILURES:
            self._failed, self._rests_until = 0, time.monotonic() + REST_S
            self.say(f"the student failed {FAILURES} times in a row ({why}); it rests {REST_S:.0f} seconds")


def _row(request: bytes, call: Arrived, whole: bytes, found: RoutedAnswer) -> AnsweredCall:
    beside = {"why": found.why, "confidence": found.confidence, "nearness": found.nearness}
    return AnsweredCall(call.began, call.seconds, request, whole, by="student", beside=beside)
