"""Which student answers now. It is read again when another is promoted or its routes change; while none can be asked, `note` says why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from distill.proxy.settings import ProxySettings, StudentSettings
from distill.proxy.student.serving import AskedStudent, serving, signature

_LOOK_S = 2.0


@dataclass(slots=True)
class Promoted:
    """Read once by `read`, which raises what is wrong; then by `follow`, which keeps it as a note."""

    settings: ProxySettings
    student: StudentSettings
    say: Callable[[str], None]
    serving: AskedStudent | None = None
    note: str = ""
    pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, thread_name_prefix="distill-student")
    )
    _seen: tuple[str, float] = ("", 0.0)

    def read(self) -> None:
        """The student of this moment."""
        self._seen = signature(self.settings, self.student)
        self.serving = serving(self.settings, self.student, self.pool)
        self.note = ""

    async def follow(self) -> None:
        """Read anew after each change, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                if signature(self.settings, self.student) != self._seen:
                    await asyncio.to_thread(self.read)
                    self.say(f"{self._name()} answers now")
            except Exception as fault:  # noqa: BLE001  # whatever is wrong with it, the teacher answers and the next student is read
                self.serving, self.note = None, str(fault)
                self.say(f"no student answers, the teacher does: {fault}")

    def _name(self) -> str:
        return self.serving.name if self.serving else "no student"
