"""At intervals the monitor looks at what the student said; an alarm switches a live student off."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from distill.lifecycle.registry.alias import now
from distill.proxy.recording.writer import FOLDERS, LogWriter
from distill.proxy.student.alarms.look import MonitorSaid, look, newest
from distill.proxy.student.live import Live
from distill.proxy.student.promoted import Promoted


@dataclass(slots=True)
class MonitorWatch:
    """`said` is what the newest look said. Looks of before the proxy began switch nothing off."""

    promoted: Promoted
    writer: LogWriter
    live: Live | None
    said: MonitorSaid = field(default_factory=MonitorSaid)
    began: str = field(default_factory=now)
    _looked_at: int = 0

    async def work(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self.promoted.student.look_every_s)
            try:
                await self.once()
            except OSError as fault:  # no process can be started, say
                self._heed(MonitorSaid(fault=f"the monitor cannot look: {fault.strerror or fault}"))

    async def once(self) -> None:
        """Read what was looked at by others, then look where there are new rows."""
        settings, student = self.promoted.settings, self.promoted.student
        self._heed(newest(settings.home, settings.task))
        rows = self.writer.counts.written["student"]
        if rows > self._looked_at:
            self._looked_at = rows
            self._heed(await look(student.spec, self.writer.folder / FOLDERS["student"], student.overrides))

    def _heed(self, said: MonitorSaid) -> None:
        before, self.said = self.said, said
        if said.fault and said.fault != before.fault:
            self.promoted.say(f"monitor: {said.fault}")
        if said.alarms and said.alarms != before.alarms:
            self.promoted.say(f"monitor: {'; '.join(said.alarms)}")
        if self.live is not None and said.alarms and said.looked >= self.began:
            self.live.switch_back(list(said.alarms))
