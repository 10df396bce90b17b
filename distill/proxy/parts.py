"""The parts of one proxy, as they are put together before it serves. What a student needs is loaded where there is one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.lifecycle.registry.alias import now
from distill.proxy.passing import Passing
from distill.proxy.recording.writer import LogWriter
from distill.proxy.settings import ProxySettings, StudentSettings
from distill.proxy.student.counts import StudentCounts
from distill.proxy.upstream import Upstream

if TYPE_CHECKING:
    from distill.proxy.student.live import Live
    from distill.proxy.student.promoted import Promoted
    from distill.proxy.student.shadow import Shadow
    from distill.proxy.student.watch import MonitorWatch

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StudentParts:
    """One of `live` and `shadow` is there."""

    promoted: Promoted
    live: Live | None
    shadow: Shadow | None
    watch: MonitorWatch

    @property
    def counts(self) -> StudentCounts:
        return self.live.counts if self.live else self.shadow.counts if self.shadow else StudentCounts()

    @property
    def works(self) -> list[Coroutine[None, None, None]]:
        """What goes on beside the calls, until it is cancelled."""
        return [self.promoted.follow(), self.watch.work(), *([self.shadow.work()] if self.shadow else [])]


@dataclass(frozen=True, slots=True)
class ProxyParts:
    """What serves one task."""

    settings: ProxySettings
    passing: Passing
    writer: LogWriter
    student: StudentParts | None
    since: str


def assembled(
    settings: ProxySettings, upstream: Upstream, writer: LogWriter, student: StudentParts | None
) -> ProxyParts:
    """Ready to serve."""
    beside = (student.live or student.shadow) if student else None
    return ProxyParts(settings, Passing(upstream, writer, beside, settings.caller_keys), writer, student, now())


def student_parts(settings: ProxySettings, writer: LogWriter, say: Say) -> StudentParts | None:
    """None where calls are only recorded. UsageError where no student can be asked."""
    if settings.student is None:
        return None
    from distill.proxy.student.promoted import Promoted
    from distill.proxy.student.shadow import Shadow
    from distill.proxy.student.watch import MonitorWatch

    promoted = Promoted(settings, settings.student, say)
    promoted.read()
    live = _live(settings, settings.student, promoted, writer, say) if settings.mode == "live" else None
    shadow = Shadow(promoted, writer) if settings.mode == "shadow" else None
    return StudentParts(promoted, live, shadow, MonitorWatch(promoted, writer, live))


def _live(settings: ProxySettings, student: StudentSettings, promoted: Promoted, writer: LogWriter, say: Say) -> Live:
    from distill.proxy.student.alarms import switched_back
    from distill.proxy.student.live import Live
    from distill.proxy.student.serving import own_folder

    folder = own_folder(settings)
    if student.again:
        switched_back.forget(folder)
    live = Live(promoted, writer, say, back=switched_back.read(folder))
    if live.back is not None and live.off:
        say(
            f"the student was switched off before ({'; '.join(live.back.why)}), the teacher answers; --again lets it answer"
        )
    return live
