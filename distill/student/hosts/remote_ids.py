"""The ids of what is at the host, kept in a file before each next step, so that a killed process goes on where it was."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from distill.atomic_write import write_json
from distill.student.hosts.host import RemoteFiles


@dataclass(frozen=True, slots=True)
class RemoteIds:
    """What is uploaded and made; `tag` says for which data and settings.

    `creating` is written before a create goes out, and taken back where the host refused it: while it stands and no job is
    known, one may be on its way.
    """

    tag: str
    training_file: str | None = None
    validation_file: str | None = None
    job_id: str | None = None
    creating: bool = False

    @property
    def files(self) -> RemoteFiles | None:
        return RemoteFiles(self.training_file, self.validation_file) if self.training_file else None


def load(path: Path, tag: str) -> RemoteIds:
    """The stored ids, or none where they are for other data or settings."""
    stored = last(path)
    return stored if stored is not None and stored.tag == tag else RemoteIds(tag)


def last(path: Path) -> RemoteIds | None:
    """The stored ids, whatever they are for."""
    try:
        return RemoteIds(**json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def save(path: Path, ids: RemoteIds) -> None:
    """Write them whole or not at all."""
    write_json(path, asdict(ids))
