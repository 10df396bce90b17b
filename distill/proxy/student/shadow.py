"""Both answer, and the caller has the teacher's: the student is asked afterwards, and its answer is recorded with whether they agree.

What waits for the student is bounded; beyond that calls are passed by, and counted. Nothing that goes wrong here reaches a caller.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import orjson
from starlette.responses import Response

from distill.proxy.passing import Arrived
from distill.proxy.recording.answered_call import AnsweredCall
from distill.proxy.recording.sse import completion as assembled
from distill.proxy.recording.writer import LogWriter
from distill.proxy.student.compare import agree, teacher_said
from distill.proxy.student.completion import completion
from distill.proxy.student.counts import StudentCounts
from distill.proxy.student.eligible import StudentCall, student_call
from distill.proxy.student.promoted import Promoted
from distill.proxy.student.serving import ServingStudent
from distill.ship.routes.answering import RoutedAnswer

ROOM = 1000
"""Calls that may wait for the student."""


@dataclass(slots=True)
class Shadow:
    """What a student in shadow does about a call."""

    promoted: Promoted
    writer: LogWriter
    counts: StudentCounts = field(default_factory=StudentCounts)
    _calls: asyncio.Queue[AnsweredCall] = field(default_factory=lambda: asyncio.Queue(ROOM))

    async def instead(self, request: bytes, call: Arrived) -> Response | None:  # noqa: ARG002  # the caller has the teacher's answer
        return None

    def after(self, call: AnsweredCall) -> None:
        try:
            self._calls.put_nowait(call)
        except asyncio.QueueFull:
            self.counts.passed_by["no_room"] += 1

    async def work(self) -> None:
        """Ask the student call by call, until cancelled."""
        while True:
            call = await self._calls.get()
            try:
                await self._shadow(call)
            except Exception as fault:  # noqa: BLE001  # whatever the student or its answer does, the next call is asked
                self.counts.not_taken[f"failed: {type(fault).__name__}"] += 1
            finally:
                self._calls.task_done()

    async def settled(self) -> None:
        """Returns when no call waits."""
        await self._calls.join()

    async def finish(self, seconds: float) -> None:
        """Go on for so long; calls that wait after that are passed by, and counted."""
        try:
            async with asyncio.timeout(seconds):
                await self.settled()
        except TimeoutError:
            self.counts.passed_by["ended"] += self._calls.qsize()

    async def _shadow(self, call: AnsweredCall) -> None:
        student = self.promoted.serving
        if student is None:
            self.counts.passed_by["off"] += 1
            return
        asked = student_call(call.request, student.shape)
        if isinstance(asked, str):
            self.counts.passed_by[asked] += 1
            return
        self.counts.asked += 1
        began = Arrived()
        async with asyncio.timeout(self.promoted.student.timeout_s):
            found = await student.asker.said(asked.fields, asked.labels)
        if found.by == "teacher":
            self.counts.not_taken[found.why] += 1
            return
        self._count(found)
        await self._record(call, student, asked, found, began)

    def _count(self, found: RoutedAnswer) -> None:
        if found.why == "sure":
            self.counts.answered += 1
        else:
            self.counts.not_taken[found.why] += 1

    async def _record(
        self, call: AnsweredCall, student: ServingStudent, asked: StudentCall, found: RoutedAnswer, began: Arrived
    ) -> None:
        """A row of the student's, with what the teacher said."""
        response = assembled(call.answer) if call.streamed else orjson.loads(call.answer)
        teacher, same = teacher_said(orjson.loads(call.request), response), None
        if teacher is not None:
            loop, text = asyncio.get_running_loop(), student.shape.input(asked.fields)
            same = await loop.run_in_executor(student.asker.pool, agree, student.task, text, found.text, teacher)
            self.counts.agreed += same
            self.counts.differed += not same
        beside = {
            "why": found.why, "confidence": found.confidence, "nearness": found.nearness, "shadow": True,
            "teacher_said": teacher, "agrees": same,
        }  # fmt: skip
        own = orjson.dumps(completion(found.text, f"distill/{student.run}"))
        self.writer.hand_over(AnsweredCall(call.began, began.seconds, call.request, own, by="student", beside=beside))
