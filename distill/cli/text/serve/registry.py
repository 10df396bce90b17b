"""Promoted students in lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distill.text.percentages import percent

if TYPE_CHECKING:
    from distill.lifecycle.registry.history import PromotedStudents
    from distill.lifecycle.registry.integrity import Verified
    from distill.lifecycle.registry.promote import AliasMove
    from distill.lifecycle.registry.student import RegisteredStudent


def move_lines(moved: AliasMove) -> list[str]:
    """What serves now, and how to go back."""
    student = moved.student
    what = f"student {student.number} of {student.task}, from run {student.run}"
    team = [f"in MLflow's registry: {moved.mlflow}"] if moved.mlflow else []
    if not moved.switched:
        return [f"{what}, serves already: {moved.path}", *team]
    lines = [f"{what}, serves now: {moved.path} -> {student.folder}"]
    if student.anyway:
        lines.append(f"note: promoted although {student.anyway}")
    if moved.before is not None:
        lines.append(
            f"student {moved.before} served before; `distill rollback {student.task} --to {moved.before}` takes it again"
        )
    return lines + team


def history_lines(found: PromotedStudents) -> list[str]:
    """A student in two lines, the newest first; a star marks the one that serves."""
    lines = [f"{found.task}: {len(found.students)} promoted"]
    for student in reversed(found.students):
        mark = "*" if student.number == found.current else " "
        lines.append(
            f"{mark} {student.number:>3}  {student.run}  {student.promoted}  {student.content[:12]}  {_score(student)}"
        )
        asked = f" (asked {student.asked[:10]})" if student.asked else ""
        lines.append(f"       teacher {student.teacher}{asked}; {_tuned(student)}")
        if student.anyway:
            lines.append(f"       promoted although {student.anyway}")
    lines += [f"  broken: {one}" for one in found.broken]
    if found.current is None:
        lines.append("none of them serves")
    if found.back_to is not None:
        lines.append(f"`distill rollback {found.task}` takes student {found.back_to} again")
    return lines


def _tuned(student: RegisteredStudent) -> str:
    """How it was made; a classifier has no base."""
    return f"{student.how} on {student.base}" if student.how in ("lora", "full", "hosted") else student.how


def _score(student: RegisteredStudent) -> str:
    verdict = student.verdict
    if verdict is None:
        return "not compared"
    if verdict.student is None:
        return verdict.word
    one = verdict.student
    return f"{verdict.word}, {verdict.metric} {percent(one.mean)} ({percent(one.low, 0)} to {percent(one.high, 0)}, n = {one.n})"


def verified_lines(found: Verified) -> list[str]:
    """What was touched, a line a file, and how much was looked at."""
    touched = [f"{one.where}: {one.file} {one.fate}{f' ({one.detail})' if one.detail else ''}" for one in found.touched]
    runs = f"{found.runs} run{'' if found.runs == 1 else 's'}"
    students = f"{found.students} promoted student{'' if found.students == 1 else 's'}"
    files = f"{found.files:,} files of {runs} and {students}"
    return [*touched, f"{files}: {f'{len(touched)} touched' if touched else 'as they were written'}"]
