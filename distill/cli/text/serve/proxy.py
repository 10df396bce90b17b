"""A proxy in lines: how it is used when it begins, and what it did when it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distill.records import Json
from distill.text.percentages import percent

if TYPE_CHECKING:
    from distill.proxy.settings import ProxySettings

_MODES = {
    "record": "calls are recorded",
    "shadow": "the student answers too, callers get the teacher's answer",
    "live": "the student answers where it is sure enough, else the teacher",
}
_NOT_KEPT = {
    "private": "marked private", "cannot_mask": "not to be masked", "failed_call": "no completion", "too_long": "too long",
    "packed": "packed by the upstream", "no_json": "no request of a chat", "broken_off": "broken off",
}  # fmt: skip


def ready_lines(settings: ProxySettings, url: str, *, known: bool) -> list[str]:
    """What to do now."""
    lines = [
        f"{url} passes on to {settings.upstream}; {_MODES[settings.mode]}",
        f"export OPENAI_BASE_URL={url}        rows: {settings.logs}/calls",
    ]
    if not known:
        lines.append(
            f"no spec says `task: {settings.task}` yet; seeds: {{from: {settings.logs}/calls/*.jsonl, as: chats, gold: reply}} takes the rows"
        )
    if settings.host not in ("127.0.0.1", "::1", "localhost"):
        lines.append(
            f"note: whoever reaches {settings.host} may call; keys are checked by the upstream{_student_keys(settings)}"
        )
    return [*lines, f"how it is: GET {url.removesuffix('/v1')}/proxy/status; Ctrl-C ends it"]


def _student_keys(settings: ProxySettings) -> str:
    return ", and by the live student, which answers those of --key-env" if settings.mode == "live" else " alone"


def ended_lines(found: Mapping[str, Json]) -> list[str]:
    """What was done."""
    calls, records, student = found["calls"], found["records"], found["student"]
    lines = [
        f"{found['task']}: {calls['passed']:,} {'call' if calls['passed'] == 1 else 'calls'} passed on{_beside(calls)}",
        *_records(records),
    ]
    return [*lines, *(_student(student, found["mode"]) if student else [])]


def _beside(calls: Mapping[str, Json]) -> str:
    named = {"by_student": "answered by the student", "hung_up": "callers hung up", "unreachable": "upstream not reached",
             "broken_off": "broken off by the upstream", "other_keys": "with a key that the student does not answer"}  # fmt: skip
    return "".join(f", {calls[name]:,} {what}" for name, what in named.items() if calls[name])


def _records(records: Mapping[str, Json]) -> list[str]:
    written = records["written"]
    lines = [f"{sum(written.values()):,} rows in {records['folder']}"]
    lines += [f"  {count:,} left out: {_NOT_KEPT.get(why, why)}" for why, count in records["left_out"].items() if count]
    return lines + [f"  {count:,} LOST: {why}" for why, count in records["lost"].items() if count]


def _student(student: Mapping[str, Json], mode: str) -> list[str]:
    taken = "would have answered" if mode == "shadow" else "answered"
    lines = [
        f"{student['name'] or 'no student'}: asked {student['asked']:,}, {taken} {student['answered']:,}{_whys(student['not_taken'])}"
    ]
    compared = student["agreed"] + student["differed"]
    if compared:
        lines.append(f"  says what the teacher says in {percent(student['agreed'] / compared)} of {compared:,}")
    if student["switched_back"]:
        lines.append(
            f"  SWITCHED OFF at {student['switched_back']['at']}: {'; '.join(student['switched_back']['why'])}"
        )
    return lines + ([f"  {student['note']}"] if student["note"] else [])


def _whys(counts: Mapping[str, int]) -> str:
    said = ", ".join(f"{count:,} {why}" for why, count in counts.items())
    return f" (not: {said})" if said else ""
