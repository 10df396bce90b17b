"""What was touched since it was written: files of a run against its manifest, files of the registry against their own record.

The hashes lie beside the files, so this finds what went wrong by accident, a disk or an editor, and no one who rewrites both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from distill.errors import UsageError
from distill.lifecycle.registry import alias
from distill.lifecycle.registry.student import ENTRY, RegisteredStudent, content_of, every_file, seal_of
from distill.lifecycle.registry.task_registry import TaskRegistry, number_of, registries
from distill.pipeline import arguments
from distill.records import Json
from distill.rundir import MANIFEST, RunDir, file_hash, numbers, read_json

Fate = Literal["changed", "gone", "added"]


@dataclass(frozen=True, slots=True)
class TouchedFile:
    """A file that is not as it was written; `where` is a run or a student of the registry."""

    where: str
    file: str
    fate: Fate
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """How much was hashed, and what was touched."""

    runs: int
    students: int
    files: int
    touched: Sequence[TouchedFile]


def verify(given: str | None, home: Path) -> Verified:
    """Hash a run, or a task's runs and students, or without a name those of all tasks of the project."""
    runs, kept = _meant(given, home)
    found, files = list[TouchedFile](), 0
    for run in runs:
        files += len(_written(run))
        found += of_run(run)
    students = 0
    for registry in kept:
        alias.tidy_if_free(registry)
        for folder in registry.folders():
            students += 1
            files += len(every_file(registry.path / folder))
            found += of_student(registry, folder)
        found += _of_alias(registry)
    return Verified(len(runs), students, files, found)


def _meant(given: str | None, home: Path) -> tuple[list[RunDir], list[TaskRegistry]]:
    root = arguments.project_at(home)
    if given is None:
        tasks = sorted(path.name for path in (root / "runs").glob("*") if path.is_dir())
        return [RunDir(root, task, number) for task in tasks for number in numbers(root, task)], registries(root)
    registry = TaskRegistry(root, given.strip("/"))
    if registry in registries(root) and not numbers(root, registry.task):  # its runs were removed
        return [], [registry]
    run = arguments.run_of(given, home)
    if arguments.is_run(given, run):
        return [run], []
    every = [RunDir(run.home, run.task, number) for number in numbers(run.home, run.task)]
    return every, [one for one in registries(run.home) if one.task == run.task]


def of_run(run: RunDir) -> list[TouchedFile]:
    """Files of a run that are not as its stages wrote them."""
    try:
        run.manifest()
    except UsageError as fault:
        return [TouchedFile(run.name, MANIFEST, "changed", str(fault).split(";", maxsplit=1)[0])]
    found = [
        TouchedFile(run.name, file, "gone" if now == "absent" else "changed", f"written by {stage}")
        for file, (stage, written) in _written(run).items()
        if (now := file_hash(run.path / file)) != written
    ]
    if not any(one.file.startswith("student/") for one in found) and student_changed(run):
        found.append(TouchedFile(run.name, "student", "changed", "not as it was when it was compared"))
    return found


def student_changed(run: RunDir) -> bool:
    """Whether the student is another than the one that was compared: its comparison says nothing of this one, then."""
    stages = run.manifest()["stages"]
    read: Mapping[str, str] = stages.get("evaluate", {}).get("reads") or {}
    known = {
        what.partition(":")[2]: was for what, was in read.items() if what.partition(":")[2].split("/")[0] == "student"
    }
    return any(file_hash(run.path / file) != was for file, was in known.items())


def compared(run: RunDir) -> RunDir:
    """The run; UsageError where its comparison is of another student, and so tells nothing of this one."""
    if student_changed(run):
        raise UsageError(
            f"the student of {run.name} is not as it was when it was compared; `distill evaluate {run.task}` compares it as it is now"
        )
    return run


def _written(run: RunDir) -> dict[str, tuple[str, str]]:
    """File → the stage that wrote it, and its hash; nothing of a report that is due again, for its first page may stand there."""
    try:
        stages: Mapping[str, Mapping[str, Json]] = run.manifest()["stages"]
    except UsageError:
        return {}
    last = max((float(entry.get("started") or 0) for entry in stages.values()), default=0.0)
    return {
        file: (name, str(written))
        for name, entry in stages.items()
        if name != "report" or float(entry.get("started") or 0) >= last
        for file, written in (entry.get("outputs") or {}).items()
        if written != "absent"
    }


def of_student(registry: TaskRegistry, folder: str) -> list[TouchedFile]:
    """Files of a registered student that are not as they were promoted."""
    name = f"{registry.name}/{folder}"
    try:
        student = registry.read(folder)
    except UsageError as fault:
        gone = not (registry.path / folder / ENTRY).exists()
        return [TouchedFile(name, ENTRY, "gone" if gone else "changed", str(fault).split(";", maxsplit=1)[0])]
    return list(_differences(name, student, registry.path / folder))


def _differences(name: str, student: RegisteredStudent, folder: Path) -> Iterator[TouchedFile]:
    content = content_of(student.files)
    sealed = (
        student.seal == seal_of(read_json(folder / ENTRY, dict))
        and content == student.content
        and student.folder.endswith(content[:12])
    )
    if not sealed or student.folder.rpartition("/")[2] != folder.name:
        yield TouchedFile(name, ENTRY, "changed", "it does not say what it said when it was written")
    there = every_file(folder)
    for file, written in student.files.items():
        if file not in there:
            yield TouchedFile(name, file, "gone")
        elif file_hash(folder / file) != written.hash:
            yield TouchedFile(name, file, "changed")
    for file in there:
        if file not in student.files:
            yield TouchedFile(name, file, "added")


def _of_alias(registry: TaskRegistry) -> list[TouchedFile]:
    current = registry.current()
    if current and current not in registry.folders():
        return [TouchedFile(registry.name, "current", "changed", f"it leads to {current}, which is no student")]
    if current and not (registry.path / alias.ALIAS_FILE).exists():
        return [TouchedFile(registry.name, alias.ALIAS_FILE, "gone", "the next promotion writes it again")]
    return []


def whole(registry: TaskRegistry, student: RegisteredStudent) -> None:
    """UsageError where a student may not serve, since a file of it was touched."""
    if touched := of_student(registry, student.folder):
        one = touched[0]
        more = f" and {len(touched) - 1} more" if len(touched) > 1 else ""
        raise UsageError(
            f"{registry.name}, student {number_of(student.folder)}: {one.file} is {one.fate}{more}, so it is not what was promoted; nothing was "
            "switched. Put the file back, or take another student"
        )
