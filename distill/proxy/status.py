"""How a proxy is: what `GET /proxy/status` answers, and what the command prints at its end. No text of any call stands in it."""

from __future__ import annotations

from dataclasses import asdict

from distill.proxy.parts import ProxyParts, StudentParts
from distill.records import Json


def status(parts: ProxyParts) -> dict[str, Json]:
    """All of it as JSON."""
    settings, records, calls = parts.settings, parts.writer.counts, parts.passing.counts
    left_out = records.left_out + calls.not_kept
    return {
        "task": settings.task, "upstream": settings.upstream, "mode": settings.mode, "answers": _answers(parts), "since": parts.since,
        "calls": {
            "passed": calls.passed, "by_student": calls.by_student, "hung_up": calls.hung_up, "unreachable": calls.unreachable,
            "broken_off": calls.broken_off, "other_keys": calls.other_keys, "faults": dict(calls.faults),
        },
        "records": {
            "folder": str(parts.writer.folder), "written": dict(records.written), "waiting": parts.writer.waiting,
            "left_out": dict(left_out), "lost": dict(records.lost), "late": records.late, "fault": records.fault,
        },
        "student": _student(parts.student) if parts.student else None,
    }  # fmt: skip


def _answers(parts: ProxyParts) -> str:
    """Who the caller hears."""
    student = parts.student
    if student is None or student.live is None or student.promoted.serving is None or student.live.off:
        return "teacher"
    return "student first"


def _student(parts: StudentParts) -> dict[str, Json]:
    counts = parts.counts
    serving, plan = parts.promoted.serving, parts.promoted.serving.asker.routes.plan if parts.promoted.serving else None
    return {
        "name": serving.name if serving else None, "run": serving.run if serving else None,
        "threshold": plan.threshold if plan else None, "floor": plan.floor if plan else None, "note": parts.promoted.note,
        "asked": counts.asked, "answered": counts.answered, "not_taken": dict(counts.not_taken), "passed_by": dict(counts.passed_by),
        "agreed": counts.agreed, "differed": counts.differed,
        "monitor": asdict(parts.watch.said),
        "switched_back": asdict(parts.live.back) if parts.live and parts.live.back and parts.live.off else None,
    }  # fmt: skip
