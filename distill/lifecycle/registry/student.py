"""A student in the registry, as `entry.json` beside its files says it; servers read it as `current.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.records import Json, content_id
from distill.stats import Estimate

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = "entry.json"


@dataclass(frozen=True, slots=True)
class FileSeal:
    """A file's hash (blake2b, 32 hex digits) and its bytes."""

    hash: str
    bytes: int


@dataclass(frozen=True, slots=True)
class RegisteredVerdict:
    """What the run's comparison says of the student; `metric` carries the verdict, and `to_teacher` is student minus teacher."""

    word: str
    headline: str
    metric: str
    student: Estimate | None
    to_teacher: Estimate | None


@dataclass(frozen=True, slots=True)
class RegisteredStudent:
    """One student; paths are relative to its folder, `folder` to that of the task in the registry. Times are ISO 8601 in UTC."""

    task: str
    number: int
    folder: str
    run: str
    promoted: str
    content: str
    """One hash over the names and bytes of all files."""
    how: str
    """student.train.with: lora, full, linear or hosted."""
    base: str
    weights: str
    """A fingerprint of the base's weights; empty where they are not on the machine that promoted it."""
    serve: Mapping[str, str]
    """What serves it: adapter (peft's folder), gguf (an adapter for llama.cpp), model (a folder of transformers), linear or embedding (a file)
    → its path; hosted → the model's name at the host."""
    texts: Mapping[str, str]
    """prompt, schema, tools, template, routing → the file, where there is one."""
    teacher: str
    asked: str
    """When the teacher was asked for the rows."""
    rows: Mapping[str, int]
    dataset: str
    """Hash of train.jsonl."""
    verdict: RegisteredVerdict | None
    anyway: str
    """Why it would not have been promoted; empty where its verdict is "distil"."""
    distill: str
    files: Mapping[str, FileSeal] = field(default_factory=dict)
    seal: str = ""
    """A hash of all that is said here."""

    @property
    def name(self) -> str:
        return f"registry/{self.task}/{self.folder}"


def seal_of(record: Mapping[str, Json]) -> str:
    """What `seal` must be in an entry as it is read: a later version may know more of a student, and the entry stays whole."""
    return content_id({name: value for name, value in record.items() if name != "seal"}, digits=32)


def content_of(files: Mapping[str, FileSeal]) -> str:
    """The content hash of files by their names."""
    listed: list[Json] = sorted([name, one.hash] for name, one in files.items())
    return content_id(listed, digits=32)


def every_file(folder: Path) -> list[str]:
    """The files below a student's folder but its own record, in the order of their names."""
    found = (str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
    return sorted(name for name in found if name != ENTRY)
