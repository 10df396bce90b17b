"""Promote a run's student, and go back to an earlier one: what servers read is a whole student at every moment."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from distill.atomic_write import write_json
from distill.errors import GateNotMet, UsageError
from distill.lifecycle.registry import alias, integrity, mlflow_registry
from distill.lifecycle.registry.candidate import StudentCandidate, candidate_of, record
from distill.lifecycle.registry.student import ENTRY, FileSeal, RegisteredStudent, content_of, seal_of
from distill.lifecycle.registry.task_registry import STUDENTS, TaskRegistry, number_of
from distill.pipeline import arguments
from distill.rundir import file_hash


@dataclass(frozen=True, slots=True)
class AliasMove:
    """The student that serves now, the number of the one before (None where there was none), and whether anything was switched."""

    student: RegisteredStudent
    before: int | None
    switched: bool
    path: Path
    """What servers read."""
    mlflow: str = ""
    """The student's address in MLflow's registry, where it is there."""


def promote(given: str, home: Path, *, anyway: bool = False, mlflow: str | None = None) -> AliasMove:
    """Copy the student of a run into the registry and let the alias lead to it, and with `mlflow` that of MLflow's registry too.

    GateNotMet where its verdict does not speak for it and `anyway` is not said; UsageError where there is no student, it is not as it was
    made, another command holds run or registry, or MLflow cannot be reached: then nothing was switched."""
    run = arguments.run_of(given, home)
    candidate_of(run, given)  # what is wrong is said before anything is made
    registry = TaskRegistry(run.home, run.task)
    with run.lock():
        candidate = candidate_of(run, given)
        if candidate.doubt and not anyway:
            raise GateNotMet(
                f"run {run.name} is not promoted: {candidate.doubt}. --anyway promotes it all the same, and keeps this reason with it"
            )
        with registry.lock():
            alias.tidy(registry)
            return _served(registry, _registered(registry, candidate), "promote", mlflow or candidate.mlflow)


def rollback(given: str, home: Path, *, to: int | None = None) -> AliasMove:
    """Let the alias lead to the student before the current one, or to that of a number."""
    registry = registry_of(given, home)
    with registry.lock():
        alias.tidy(registry)
        if to is not None:
            student = registry.of_number(to)
        elif folder := alias.before(alias.switches(registry)):
            student = registry.read(folder)
        else:
            raise UsageError(
                f"{registry.name} has no student before the current one; --to N takes that of a number (`distill history {registry.task}` lists them)"
            )
        integrity.whole(registry, student)
        return _served(registry, student, "rollback")


def registry_of(given: str, home: Path) -> TaskRegistry:
    """The registry of a task, whose runs may be gone; UsageError where nothing of it was promoted."""
    registry = TaskRegistry(arguments.project_at(home), given.strip("/"))
    if "/" in registry.task or not registry.path.is_dir():
        run = arguments.run_of(given, home)
        registry = TaskRegistry(run.home, run.task)
    if not registry.folders():
        raise UsageError(f"no student of {registry.task} was promoted yet; `distill promote {registry.task}` does")
    return registry


def _served(registry: TaskRegistry, student: RegisteredStudent, by: str, given: str | None = None) -> AliasMove:
    """Switch the alias here, and then MLflow's, in which the student is before anything is switched."""
    address = mlflow_registry.address_of(registry, given)
    if not address:
        return _switched(registry, student, by)
    team = mlflow_registry.MlflowRegistry(address, registry)
    version = team.version_of(student)
    moved = _switched(registry, student, by)
    return replace(moved, mlflow=team.point(student, version))


def _switched(registry: TaskRegistry, student: RegisteredStudent, by: str) -> AliasMove:
    current = registry.current()
    served = (registry.path / alias.ALIAS_FILE).exists() and current == student.folder
    if not served:
        alias.switch(registry, student, by)
    before = number_of(current) if current else None
    return AliasMove(student, before, not served, registry.path / "current")


def _registered(registry: TaskRegistry, candidate: StudentCandidate) -> RegisteredStudent:
    """The student in the registry, copied there where its content is new."""
    folders = registry.folders()
    number = 1 + max(map(number_of, folders), default=0)
    aside = registry.path / STUDENTS / f".{number:03d}.{os.getpid()}.tmp"
    try:
        files = {name: _copied(source, aside / name) for name, source in candidate.sources.items()}
        content = content_of(files)
        same = [folder for folder in folders if folder.endswith(content[:12])]
        if whole := next((folder for folder in same if not integrity.of_student(registry, folder)), None):
            return registry.read(whole)
        folder = f"{STUDENTS}/{number:03d}-{content[:12]}"
        made = replace(
            record(candidate, number=number, folder=folder, promoted=alias.now(), content=content), files=files
        )
        made = replace(made, seal=seal_of(asdict(made)))
        write_json(aside / ENTRY, asdict(made))
        _freeze(aside)
        aside.rename(registry.path / folder)
        alias.sync(registry.path / STUDENTS)
        return made
    finally:
        if aside.exists():
            alias.remove(aside)


def _copied(source: Path, to: Path) -> FileSeal:
    """Copy a file's bytes to the disk, whole."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file, to.open("wb") as out:
        shutil.copyfileobj(file, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())
    return FileSeal(file_hash(to), to.stat().st_size)


def _freeze(folder: Path) -> None:
    """Nothing below a folder, nor the folder, may be written any more."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
        if path.is_dir():
            alias.sync(path)
    folder.chmod(0o555)
    alias.sync(folder)
